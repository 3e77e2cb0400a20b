#include "real_transform.hpp"
#include "shift_traces.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <limits>
#include <map>

namespace rewire::calcium {

using base::at;

double effective_frames_of(const activity::ActivityView& activity, const FrameCircles& circles,
                           const CovariateView& covariates)
{
    const auto traces = ShiftTraces(activity, circles, covariates, {});
    const auto layout = layout_of(circles);
    auto transforms = std::map<std::int64_t, RealTransform<double>>{};
    for (std::int64_t c = 0; c < circles.count(); ++c)
        transforms.try_emplace(circles.length(c), circles.length(c));
    auto sum = std::vector<double>(at(layout.frequencies())); // of squared spectra
    auto squares = sum;                                       // of their squares
    auto trace = std::vector<double>(at(traces.frames()));
    auto spectrum = std::vector<double>(at(layout.reals()));
    auto active = std::int64_t{0};
    for (std::int64_t neuron = 0; neuron < traces.neurons(); ++neuron) {
        if (!traces.fill(neuron, trace))
            continue;
        ++active;
        for (std::int64_t c = 0; c < circles.count(); ++c)
            transforms.at(circles.length(c))
                .forward(trace.data() + circles.start[at(c)],
                         spectrum.data() + layout.start[at(c)]);
        for (std::size_t f = 0; f < sum.size(); ++f) {
            const auto power =
                (spectrum[2 * f] * spectrum[2 * f] + spectrum[2 * f + 1] * spectrum[2 * f + 1]) *
                layout.inverse_length[f];
            sum[f] += power;
            squares[f] += power * power;
        }
    }
    auto variances = 0.0; // of all ordered pairs
    for (std::size_t f = 0; f < sum.size(); ++f)
        variances += layout.weight[f] * (sum[f] * sum[f] - squares[f]);
    return active < 2 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(active * (active - 1)) / variances;
}

} // namespace rewire::calcium
