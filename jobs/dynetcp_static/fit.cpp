#include "fit.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/packed.hpp>
#include <rewire/dynetcp/static_fit.hpp>
#include <rewire/linalg/minimise.hpp>

#include <fmt/format.h>

#include <array>
#include <utility>

namespace rewire::jobs {

namespace {

constexpr auto part_names = std::array{"train", "validation", "test"};

/// Thrown through the minimiser, which knows nothing of requests to stop.
struct Stopped
{
};

dynetcp::Minimiser minimiser_with(const runtime::Tick& tick)
{
    return [&tick](const dynetcp::Objective& objective, std::vector<double> start) {
        auto minimum = linalg::minimise(
            [&](std::span<const double> at, std::span<double> gradient) {
                if (!tick())
                    throw Stopped{};
                return objective(at, gradient);
            },
            std::move(start));
        return dynetcp::Minimum{std::move(minimum.at), minimum.value, minimum.gradient_norm,
                                minimum.evaluations};
    };
}

/// Calls `fit`; nothing when it was stopped. An error names the unit.
template <typename Fit>
auto unless_stopped(std::int64_t receiver, Fit fit) -> std::optional<decltype(fit())>
{
    try {
        return fit();
    } catch (const Stopped&) {
        return std::nullopt;
    } catch (const base::NumericalError& error) {
        throw base::NumericalError(error.problem(),
                                   fmt::format("receiver {} of the static model", receiver),
                                   error.next());
    }
}

} // namespace

StaticData::StaticData(const SessionTrials& session, const SessionName& name,
                       const StaticSettings& settings)
    : settings_(settings),
      name_(name),
      split_(split_of(session, settings.trials.split)),
      shape_(settings.shape(session.units())),
      twins_(part_names.size())
{
    for (const auto* chosen : {&split_.train, &split_.validation, &split_.test})
        spikes_.push_back(dynetcp::selected(session.spikes, *chosen));
    rates_ = dynetcp::mean_values(spikes_.front());
}

const dynetcp::TrialValues& StaticData::part(std::size_t index, bool twin) const
{
    if (!twin || spikes_[index].trials == 0)
        return spikes_[index];
    // An optimum is of what jitter gives on average; steps take a draw an epoch.
    if (!twins_[index])
        twins_[index] = settings_.adam ? jittered(spikes_[index], settings_.jitter,
                                                  {settings_.training.seed, name_.first,
                                                   name_.second, part_names.at(index)})
                                       : expected_trains(spikes_[index], settings_.jitter);
    return *twins_[index];
}

const dynetcp::WindowTrains* StaticData::windows() const
{
    const auto kind = settings_.jitter.kind;
    if (kind != spikes::Jitter::pattern && kind != spikes::Jitter::interval)
        return nullptr;
    if (!windows_)
        windows_.emplace(spikes_.front(), settings_.jitter.bins,
                         kind == spikes::Jitter::pattern ? dynetcp::WindowShape::mean
                                                         : dynetcp::WindowShape::uniform);
    return &*windows_;
}

void ReceiverFit::pack(base::Packer& packer) const
{
    packer.put_all(parameters);
    packer.put(nll);
    packer.put(penalty), packer.put(gradient_norm), packer.put(evaluations);
}

void ReceiverFit::unpack(base::Unpacker& unpacker)
{
    parameters = unpacker.get_all<double>();
    nll = unpacker.get<Likelihoods>();
    penalty = unpacker.get<double>();
    gradient_norm = unpacker.get<double>();
    evaluations = unpacker.get<std::int64_t>();
}

Likelihoods likelihoods_of(const StaticData& data, std::int64_t receiver, bool twin,
                           std::span<const double> parameters)
{
    const auto of = [&](const dynetcp::TrialValues& values) {
        return values.trials == 0 ? 0.0
                                  : dynetcp::ReceiverLoss(values, data.shape(), receiver, 0)
                                        .negative_log_likelihood(parameters);
    };
    return {of(data.train(twin)), of(data.validation(twin)), of(data.test(twin))};
}

std::optional<ReceiverFit> fit_receiver(const StaticData& data, std::int64_t receiver,
                                        double lambda, bool twin, const runtime::Tick& tick)
{
    return unless_stopped(receiver, [&] {
        const auto loss = dynetcp::ReceiverLoss(data.train(twin), data.shape(), receiver, lambda,
                                                twin ? data.windows() : nullptr);
        auto minimum = dynetcp::fitted_receiver(loss, data.rates(), {}, minimiser_with(tick));
        auto fit = ReceiverFit{};
        fit.penalty = loss.penalty(minimum.at);
        fit.nll = likelihoods_of(data, receiver, twin, minimum.at);
        fit.gradient_norm = minimum.gradient_norm;
        fit.evaluations = minimum.evaluations;
        fit.parameters = std::move(minimum.at);
        return fit;
    });
}

std::optional<std::vector<double>> path_of_receiver(const StaticData& data, std::int64_t receiver,
                                                    const runtime::Tick& tick)
{
    return unless_stopped(receiver, [&] {
        return dynetcp::held_out_path(data.train(false), data.validation(false), data.shape(),
                                      receiver, lambda_path(data.shape()), minimiser_with(tick));
    });
}

} // namespace rewire::jobs
