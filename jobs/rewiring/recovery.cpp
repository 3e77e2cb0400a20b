#include "recovery.hpp"

#include <rewire/io/truth.hpp>
#include <rewire/stats/correlation.hpp>

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

namespace rewire::jobs {

/// How well the first component follows what was planted: over sessions, the summed strength of
/// strengthening less that of weakening edges.
void print_rewiring_recovery(const RecoveryRequest& request)
{
    const auto& study = request.study;
    const auto file = io::open_for_reading(request.result);
    for (const auto& subject : study.subjects) {
        if (!io::exists(file, subject.name + "/score"))
            continue;
        auto planted = std::map<std::string, double>{};
        for (const auto index : subject.sessions) {
            const auto truth = io::read_truth(study.sessions[index].path);
            auto& sum = planted[study.sessions[index].record.session];
            for (std::size_t edge = 0; edge < truth.edge_kind.size(); ++edge)
                sum += truth.edge_kind[edge] == "strengthening" ? truth.edge_strength[edge]
                       : truth.edge_kind[edge] == "weakening"   ? -truth.edge_strength[edge]
                                                                : 0.0;
        }
        const auto sessions = io::read_texts(file, subject.name + "/session");
        const auto score = io::read_all<double>(file, subject.name + "/score");
        const auto components = score.size() / sessions.size();
        auto x = std::vector<double>{};
        auto y = std::vector<double>{};
        for (std::size_t session = 0; session < sessions.size(); ++session) {
            x.push_back(score[session * components]);
            y.push_back(planted[sessions[session]]);
        }
        request.context.print(fmt::format(
            "{:<26} {:>8} sessions, correlation of PC1 with the planted learning: {:.3f}\n",
            "trajectory of " + subject.name, sessions.size(), stats::pearson(x, y)));
    }
}

} // namespace rewire::jobs
