#include "histograms.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/nan.hpp>
#include <rewire/base/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace rewire::jobs {

namespace {

/// What has to be the same for both to be of the same trials and bins.
constexpr auto alignment_names = std::array{"align",      "start-s",      "stop-s",      "bin-ms",
                                            "locomotion", "running-cm-s", "speed-series"};

std::string value_of(const io::Record& record, const std::string& option)
{
    for (const auto& [name, value] : record.options)
        if (name == option)
            return value;
    return {};
}

bool same(const std::string& a, const std::string& b)
{
    if (a == b)
        return true;
    char* end_a = nullptr;
    char* end_b = nullptr;
    const auto number_a = std::strtod(a.c_str(), &end_a);
    const auto number_b = std::strtod(b.c_str(), &end_b);
    return !a.empty() && !b.empty() && *end_a == '\0' && *end_b == '\0' && number_a == number_b;
}

/// Conditions of --where that choose trials, sorted: those on columns that the units lack. Values
/// of the option are recorded with blanks between them, and may hold some.
std::vector<std::string> trial_conditions(const io::Record& record,
                                          const std::vector<std::string>& unit_columns)
{
    auto conditions = std::vector<std::string>{};
    for (const auto& word : base::split(value_of(record, "where"), ' ')) {
        if (word.find_first_of("=<>!") == std::string::npos && !conditions.empty())
            conditions.back() += " " + word;
        else if (!word.empty())
            conditions.push_back(word);
    }
    std::erase_if(conditions, [&](const std::string& condition) {
        const auto column = condition.substr(0, condition.find_first_of("=<>!"));
        return column == "id" ||
               std::find(unit_columns.begin(), unit_columns.end(), column) != unit_columns.end();
    });
    std::sort(conditions.begin(), conditions.end());
    return conditions;
}

} // namespace

EdgeHistograms::EdgeHistograms(const io::Handle& file,
                               const std::map<std::string, io::Record>& records,
                               const DynamicResult& model)
    : file_(file),
      model_(model),
      session_(read_jpsth(file, {model.head.subject, model.head.session}))
{
    if (session_.head.status != "ok")
        return;
    check(records);
    for (std::size_t k = 0; k < session_.pair_i.size(); ++k)
        pair_[{session_.unit_id[static_cast<std::size_t>(session_.pair_i[k])],
               session_.unit_id[static_cast<std::size_t>(session_.pair_j[k])]}] =
            static_cast<std::int64_t>(k);
    const auto group = io::open_group(file, model.head.subject + "/" + model.head.session);
    const auto psth = io::read_all<double>(group, "psth");
    for (std::size_t unit = 0; unit < session_.unit_id.size(); ++unit) {
        const auto first =
            psth.begin() + static_cast<std::ptrdiff_t>(unit * session_.time_s.size());
        psth_[session_.unit_id[unit]] = {
            first, first + static_cast<std::ptrdiff_t>(session_.time_s.size())};
    }
}

void EdgeHistograms::check(const std::map<std::string, io::Record>& records) const
{
    const auto& model = records.at(dynamic_name);
    const auto& histograms = records.at(jpsth_name);
    const auto where =
        fmt::format("{}.h5:/{}/{}", jpsth_name, session_.head.subject, session_.head.session);
    for (const auto* name : alignment_names) {
        const auto there = value_of(histograms, name);
        const auto here = value_of(model, name);
        if (!same(there, here))
            throw base::InputError(
                fmt::format("the joint histograms are of other trials or bins than the weights: "
                            "--{} {} there, {} of the model",
                            name, there.empty() ? "none" : there, here.empty() ? "none" : here),
                where,
                fmt::format("make them alike: rewire {} --{} {} --overwrite", jpsth_name, name,
                            here));
    }
    if (session_.trials != trials())
        throw of_other_trials("", "");
    if (session_.head.sha256 != model_.head.sha256)
        throw base::InputError(
            "the joint histograms are of another recording than the weights", where,
            fmt::format("compute them again: rewire {} --overwrite", jpsth_name));
    // The result has the middle of its bins, the model their start.
    const auto half_s = 0.5e-3 * session_.bin_ms;
    auto equal = session_.time_s.size() == model_.time_s.size();
    for (std::size_t bin = 0; equal && bin < model_.time_s.size(); ++bin)
        equal = std::abs(session_.time_s[bin] - half_s - model_.time_s[bin]) < 0.01 * half_s;
    if (!equal)
        throw base::InputError(
            fmt::format("the joint histograms have {} bins of {:g} ms, the weights {} of {:g} ms, "
                        "or they begin elsewhere",
                        session_.time_s.size(), session_.bin_ms, model_.bins(), model_.bin_ms),
            where, fmt::format("make them alike: rewire {} --overwrite", jpsth_name));
    const auto reach_ms = session_.delay_ms.empty() ? 0.0 : session_.delay_ms.back();
    if (reach_ms + 1e-6 < model_.lag_ms.back())
        throw base::InputError(
            fmt::format("the joint histograms reach {:g} ms from the diagonal, the lags of the "
                        "weights {:g} ms",
                        reach_ms, model_.lag_ms.back()),
            where,
            fmt::format("widen them: rewire {} --band-ms {:g} --overwrite", jpsth_name,
                        model_.lag_ms.back()));
}

void EdgeHistograms::require_same_choice(const std::map<std::string, io::Record>& records,
                                         const std::vector<std::string>& unit_columns) const
{
    const auto there = trial_conditions(records.at(jpsth_name), unit_columns);
    const auto here = trial_conditions(records.at(dynamic_name), unit_columns);
    if (session_.head.status == "ok" && there != here)
        throw of_other_trials(base::joined(there, " "), base::joined(here, " "));
}

base::InputError EdgeHistograms::of_other_trials(const std::string& there,
                                                 const std::string& here) const
{
    const auto described = [](std::int64_t trials, const std::string& conditions) {
        return fmt::format("{}{}{}", trials, conditions.empty() ? "" : ", --where ", conditions);
    };
    return {fmt::format("the joint histograms are of other trials than the weights: {} there, {} "
                        "of the model",
                        described(session_.trials, there), described(trials(), here)),
            fmt::format("{}.h5:/{}/{}", jpsth_name, session_.head.subject, session_.head.session),
            fmt::format("make them of the same: rewire {} with the --where of the model "
                        "--overwrite",
                        jpsth_name)};
}

std::int64_t EdgeHistograms::trials() const
{
    return model_.trials_train + model_.trials_validation + model_.trials_test;
}

std::optional<std::vector<double>> EdgeHistograms::joint(std::int64_t edge) const
{
    const auto id = [&](std::int32_t unit) -> const std::string& {
        return model_.unit_id[static_cast<std::size_t>(unit)];
    };
    const auto& sender = id(model_.sender[static_cast<std::size_t>(edge)]);
    const auto& receiver = id(model_.receiver[static_cast<std::size_t>(edge)]);
    auto sender_first = true;
    auto found = pair_.find({sender, receiver});
    if (found == pair_.end()) {
        sender_first = false;
        found = pair_.find({receiver, sender});
    }
    if (found == pair_.end())
        return std::nullopt;
    const auto matrix = read_jpsth_matrix(file_, {model_.head.subject, model_.head.session},
                                          joint_array, found->second);
    const auto bins = model_.bins();
    const auto lags = model_.lags();
    const auto columns = std::ssize(matrix) / bins;
    const auto band = session_.full ? std::int64_t{0} : (columns - 1) / 2;
    auto joint = std::vector<double>(static_cast<std::size_t>(bins * lags), base::nan);
    for (std::int64_t bin = 0; bin < bins; ++bin)
        for (std::int64_t lag = 0; lag <= std::min(bin, lags - 1); ++lag) {
            const auto i = sender_first ? bin - lag : bin; // time of the unit that is first there
            const auto j = sender_first ? bin : bin - lag;
            const auto column = session_.full ? j : j - i + band;
            joint[static_cast<std::size_t>(bin * lags + lag)] =
                matrix[static_cast<std::size_t>(i * columns + column)];
        }
    return joint;
}

const std::vector<double>& EdgeHistograms::sender(std::int64_t edge) const
{
    return psth_.at(
        model_.unit_id[static_cast<std::size_t>(model_.sender[static_cast<std::size_t>(edge)])]);
}

} // namespace rewire::jobs
