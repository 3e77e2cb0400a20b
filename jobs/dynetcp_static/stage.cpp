#include "stage.hpp"

#include "estimate.hpp"

#include <algorithm>
#include <utility>

namespace rewire::jobs {

namespace {

/// A receiver of a session of the wave, and which of the two models.
struct WorkUnit
{
    std::size_t position = 0;
    std::int64_t receiver = 0;
    bool twin = false;
    double cost = 0;
};

StaticWork work_of(const StaticData& data)
{
    const auto& train = data.train(false);
    return {static_cast<double>(train.bin.size()), static_cast<double>(train.trials * train.bins),
            static_cast<double>(data.shape().lags)};
}

/// All receivers of all sessions, of the model or of both.
std::vector<WorkUnit> receivers_of(const std::vector<SessionWork>& work, bool twins,
                                   double (*seconds)(const StaticWork&, bool))
{
    auto units = std::vector<WorkUnit>{};
    for (std::size_t position = 0; position < work.size(); ++position)
        for (const auto twin : {false, true}) {
            const auto& data = work[position].data;
            if (!data || (twin && !twins))
                continue;
            const auto cost = seconds(work_of(*data), twin);
            for (std::int64_t receiver = 0; receiver < data->shape().neurons; ++receiver)
                units.push_back({position, receiver, twin, cost});
        }
    return units;
}

std::vector<double> costs_of(const std::vector<WorkUnit>& units)
{
    auto costs = std::vector<double>{};
    for (const auto& unit : units)
        costs.push_back(unit.cost);
    return costs;
}

} // namespace

std::vector<SessionWork> read_wave(runtime::RunContext& context, const Wave& wave,
                                   const StaticSettings& settings)
{
    auto sessions = std::vector<const io::StudySession*>{};
    for (std::size_t position = 0; position < wave.size(); ++position)
        sessions.push_back(&wave.session(position));
    auto work = std::vector<SessionWork>{};
    for (auto& trials : read_to_all(context, sessions, settings.trials)) {
        auto& one = work.emplace_back();
        one.trials = std::move(trials);
        one.lambda = settings.lambda.value_or(0);
        if (one.trials.units() > 1)
            one.data = std::make_unique<StaticData>(
                one.trials, name_of(wave.session(work.size() - 1)), settings);
    }
    return work;
}

void choose_lambda(runtime::RunContext& context, const std::string& suffix,
                   std::vector<SessionWork>& work)
{
    const auto units =
        receivers_of(work, false, [](const StaticWork& one, bool) { return path_seconds(one); });
    const auto paths = context.each_unit_to_all<std::vector<double>>(
        "lambda" + suffix, costs_of(units), [&](std::int64_t index, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            return path_of_receiver(*work[unit.position].data, unit.receiver, tick);
        });
    for (std::size_t index = 0; index < units.size(); ++index) {
        auto& one = work[units[index].position];
        if (one.path.lambda.empty()) {
            one.path.lambda = lambda_path(one.data->shape());
            one.path.nll.assign(one.path.lambda.size(), 0);
        }
        for (std::size_t k = 0; k < one.path.nll.size(); ++k)
            one.path.nll[k] += paths[index][k] / static_cast<double>(one.data->shape().neurons);
    }
    for (auto& one : work) {
        const auto& nll = one.path.nll;
        const auto best = std::min_element(nll.begin(), nll.end()) - nll.begin();
        if (nll.empty())
            continue;
        one.lambda = one.path.lambda[static_cast<std::size_t>(best)];
        one.path.at_end = best == 0 || best + 1 == std::ssize(nll);
    }
}

std::vector<SessionFits> optima(runtime::RunContext& context, const std::string& suffix,
                                const std::vector<SessionWork>& work, bool twins)
{
    const auto units = receivers_of(work, twins, fit_seconds);
    auto fits = std::vector<SessionFits>(work.size());
    context.each_unit_to_root<ReceiverFit>(
        "fit" + suffix, costs_of(units),
        [&](std::int64_t index, const runtime::Tick& tick) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            const auto& one = work[unit.position];
            return fit_receiver(*one.data, unit.receiver, one.lambda, unit.twin, tick);
        },
        [&](std::int64_t index, ReceiverFit&& fit) {
            const auto& unit = units[static_cast<std::size_t>(index)];
            fits[unit.position][unit.twin ? 1 : 0].push_back(std::move(fit));
        });
    return fits;
}

} // namespace rewire::jobs
