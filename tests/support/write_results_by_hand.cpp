// write_results_by_hand FOLDER < TEXT: connectome.h5, and movement.h5 where there is a line for it,
// with values that a test chooses. Lines:
//
//     neurons ID ...                              of all sessions after it
//     session SUBJECT NAME NUMBER HASH VALUE ...  partial correlations [pair]; an edge where not 0
//                                                 and without ~ before it
//     estimator NAME SHRINKAGE                    of the sessions after it
//     failed SUBJECT NAME NUMBER HASH             a session without a connectome
//     levels LEVEL ...                            of movement.h5
//     reach RANK                                  largest_p_rank of the sessions after it
//     movement SUBJECT NAME HASH FLAGS ...        a word a level, a letter a neuron: 1 related,
//                                                 0 unrelated, ? not tested
//     resting SUBJECT NAME HASH                   a session without movement
#include "jobs/connectome/result.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/movement/result.hpp"

#include <rewire/base/partition.hpp>
#include <rewire/io/result_file.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace rewire;

namespace {

class Results
{
  public:
    explicit Results(const std::filesystem::path& folder)
        : folder_(folder), connectome_(folder / "connectome.h5", io::Attempt{})
    {
    }

    void add(const std::string& line)
    {
        auto words = std::istringstream(line);
        auto kind = std::string{};
        words >> kind;
        if (kind == "neurons")
            neurons_ = rest<std::string>(words);
        else if (kind == "levels")
            levels_ = rest<double>(words);
        else if (kind == "reach")
            words >> reach_;
        else if (kind == "estimator")
            words >> estimator_ >> shrinkage_;
        else if (kind == "session" || kind == "failed")
            add_session(words, kind == "session");
        else if (kind == "movement" || kind == "resting")
            add_movement(words);
    }

    void publish()
    {
        for (const auto& subject : io::subjects_in(connectome_.file()))
            jobs::complete_subject(connectome_, subject);
        connectome_.publish({.job = "connectome", .digest = {{"--alpha", "2"}}}, true);
        if (movement_)
            movement_->publish({.job = "movement", .digest = {{"--shuffles", "99"}}}, true);
    }

  private:
    template <typename T>
    static std::vector<T> rest(std::istringstream& words)
    {
        auto values = std::vector<T>{};
        for (auto value = T{}; words >> value;)
            values.push_back(value);
        return values;
    }

    void add_session(std::istringstream& words, bool computed)
    {
        const auto neurons = neurons_.size();
        auto session = jobs::SessionConnectome{};
        words >> session.subject >> session.session >> session.number >> session.sha256;
        session.neuron_id = neurons_;
        session.active.assign(neurons, 1);
        session.neuron_status.assign(neurons, 0);
        session.events.assign(neurons, 1);
        session.degree.assign(neurons, 0);
        session.clustering.assign(neurons, 0);
        auto values = rest<std::string>(words);
        values.resize(
            static_cast<std::size_t>(base::pair_count(static_cast<std::int64_t>(neurons))), "0");
        for (const auto& value : values) {
            const auto is_edge = !value.starts_with("~");
            session.partial_correlation.push_back(std::stod(value.substr(is_edge ? 0 : 1)));
            session.edge.push_back(is_edge && session.partial_correlation.back() != 0 ? 1 : 0);
        }
        session.estimator = computed ? estimator_ : "";
        session.shrinkage = shrinkage_;
        session.computed = computed ? 1 : 0;
        session.status = computed ? "ok" : "fewer frames than neurons";
        jobs::write_session(connectome_, session);
    }

    void add_movement(std::istringstream& words)
    {
        if (!movement_)
            movement_ = std::make_unique<io::ResultFile>(folder_ / "movement.h5", io::Attempt{});
        auto session = jobs::SessionMovement{};
        words >> session.subject >> session.session >> session.sha256;
        const auto flags = rest<std::string>(words);
        session.neuron_id = neurons_;
        session.level = levels_;
        session.mean_activity.assign(neurons_.size(), 1);
        session.less.assign(neurons_.size(), 0);
        session.equal.assign(neurons_.size(), 0);
        session.p_rank.assign(neurons_.size(), 0.5);
        session.movement_related.assign(neurons_.size() * levels_.size(), 0);
        for (std::size_t level = 0; level < flags.size(); ++level)
            for (std::size_t neuron = 0; neuron < neurons_.size(); ++neuron) {
                const auto flag = flags[level].at(neuron);
                session.movement_related[level * neurons_.size() + neuron] = flag == '1' ? 1 : 0;
                if (flag == '?')
                    session.p_rank[neuron] = std::nan("");
            }
        session.p_value = session.q_value = session.p_value_quiescent = session.p_rank;
        session.quiescent_related.assign(session.movement_related.size(), 0);
        session.largest_p_rank = reach_;
        session.epochs = flags.empty() ? 0 : 10;
        session.status = flags.empty() ? "no movement in this session" : "ok";
        jobs::write_session(*movement_, session);
    }

    std::filesystem::path folder_;
    io::ResultFile connectome_;
    std::unique_ptr<io::ResultFile> movement_;
    std::vector<std::string> neurons_;
    std::vector<double> levels_;
    double reach_ = 1;
    std::string estimator_ = "inverse";
    double shrinkage_ = 0;
};

} // namespace

int main(int count, char** words)
{
    if (count != 2) {
        std::fputs("usage: write_results_by_hand FOLDER < TEXT\n", stderr);
        return 2;
    }
    try {
        std::filesystem::create_directories(words[1]);
        auto results = Results(words[1]);
        for (auto line = std::string{}; std::getline(std::cin, line);)
            results.add(line);
        results.publish();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "write_results_by_hand: %s\n", error.what());
        return 1;
    }
    return 0;
}
