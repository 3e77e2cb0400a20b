#include "recovery.hpp"

#include "jobs/frame/recovery_counts.hpp"
#include "jobs/truth/simulated_truth.hpp"
#include "result.hpp"

#include <fmt/format.h>

#include <set>

namespace rewire::jobs {

void print_movement_recovery(const RecoveryRequest& request)
{
    const auto file = io::open_for_reading(request.result);
    auto total = RecoveryCounts{};
    for (const auto& entry : request.study.sessions) {
        const auto truth = read_truth(entry.path);
        const auto session = read_movement(file, entry.record.subject, entry.record.session);
        auto related = std::set<std::string>{};
        for (std::size_t neuron = 0; neuron < truth.neuron_id.size(); ++neuron)
            if (truth.movement_related[neuron] != 0)
                related.insert(std::to_string(truth.neuron_id[neuron]));
        const auto row = row_of_level(session.level, {}, request.result.string());
        total.planted += static_cast<std::int64_t>(related.size());
        for (std::size_t neuron = 0; neuron < session.neuron_id.size(); ++neuron) {
            if (session.movement_related[row * session.neuron_id.size() + neuron] == 0)
                continue;
            ++total.found;
            total.both += related.contains(session.neuron_id[neuron]) ? 1 : 0;
        }
    }
    request.context.print(fmt::format("{:<26} {}\n", "movement-related neurons", total.text()));
}

} // namespace rewire::jobs
