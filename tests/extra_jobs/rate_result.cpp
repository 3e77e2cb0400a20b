#include "rate_result.hpp"

#include "jobs/frame/fields.hpp"
#include "jobs/frame/table_text.hpp"

#include <rewire/io/whole_file.hpp>

#include <fmt/format.h>

#include <memory>
#include <numeric>

namespace rewire::test {

namespace {

class RatePart : public jobs::PagePart
{
  public:
    explicit RatePart(std::vector<SessionRates> sessions) : sessions_(std::move(sessions)) {}

    void draw(std::size_t, report::Page& page) const override
    {
        auto table = report::Table{.head = {"animal", "session", "units", "mean rate, Hz"}};
        for (const auto& session : sessions_)
            table.rows.push_back(
                {session.head.subject, session.head.session, std::to_string(session.id.size()),
                 fmt::format("{:.3f}",
                             std::accumulate(session.rate_hz.begin(), session.rate_hz.end(), 0.0) /
                                 static_cast<double>(session.id.size()))});
        page.table(std::move(table));
    }

    std::vector<jobs::LeftOut> left_out() const override
    {
        auto rows = std::vector<jobs::LeftOut>{};
        for (const auto& session : sessions_)
            for (std::size_t i = 0; i < session.id.size(); ++i)
                if (session.rate_hz[i] == 0)
                    rows.push_back(
                        {session.head.subject, session.head.session, session.id[i] + " is silent"});
        return rows;
    }

  private:
    std::vector<SessionRates> sessions_;
};

std::vector<SessionRates> all_rates(const io::Handle& file, const std::string& axis)
{
    auto sessions = std::vector<SessionRates>{};
    for (const auto& name : jobs::sessions_in(file))
        sessions.push_back(read_rates(file, axis, name));
    return sessions;
}

} // namespace

void write_rates(const io::ResultFile& file, const std::string& axis, const SessionRates& session)
{
    const auto group = file.group(session.head.subject + "/" + session.head.session);
    jobs::write_names(group, axis, session.id, "what was recorded");
    io::write_array(group, "rate_hz", session.rate_hz, {axis}, "Hz", "events or spikes a second");
    jobs::each_head_attribute(session.head, jobs::WriteAttribute{group});
    io::write_attribute(group, "tau_s", session.tau_s);
}

SessionRates read_rates(const io::Handle& file, const std::string& axis,
                        const jobs::SessionName& name)
{
    const auto group = io::open_group(file, name.first + "/" + name.second);
    return {.head = jobs::read_head(file, name),
            .tau_s = io::read_attribute<double>(group, "tau_s"),
            .id = jobs::read_names(group, axis),
            .rate_hz = io::read_all<double>(group, "rate_hz")};
}

jobs::ExportTable rate_table(const std::string& job, const std::string& axis)
{
    return {.formats = {"csv"}, .write = [=](const jobs::ExportTable::Request& request) {
                const auto path = request.folder / (job + ".csv");
                auto table = io::WholeStream(path);
                table.write("subject,session," + axis + ",rate_hz\n");
                for (const auto& session : all_rates(request.result, axis))
                    for (std::size_t i = 0; i < session.id.size(); ++i)
                        table.write(fmt::format(
                            "{},{},{},{}\n", jobs::csv_field(session.head.subject),
                            jobs::csv_field(session.head.session), jobs::csv_field(session.id[i]),
                            jobs::number_text(session.rate_hz[i])));
                table.publish();
                return "wrote " + path.string();
            }};
}

jobs::PageEntry rate_page(const std::string& job, const std::string& axis)
{
    return {.shows = "mean rates",
            .sections = {{350, "Mean rates of " + job}},
            .options = {},
            .read = [=](const jobs::PageSource& source) -> std::unique_ptr<jobs::PagePart> {
                return std::make_unique<RatePart>(
                    all_rates(io::open_for_reading(source.path_of(job)), axis));
            }};
}

} // namespace rewire::test
