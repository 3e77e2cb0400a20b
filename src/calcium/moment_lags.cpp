#include "moment_lags.hpp"

#include "real_transform.hpp"

#include <rewire/base/index.hpp>
#include <rewire/calcium/shift_moments.hpp>

#include <algorithm>

namespace rewire::calcium {

namespace {

using base::at;

/// Sums of e(t) e(t+k) over circles and neurons, from squared spectra.
std::vector<double> autocorrelation(const FrameCircles& circles, const SpectrumLayout& layout,
                                    const std::vector<double>& squares)
{
    auto correlation = std::vector<double>(at(most_lags + 1));
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        const auto length = circles.length(c);
        auto spectrum = std::vector<double>{};
        for (auto f = layout.start[at(c)] / 2; f < layout.start[at(c + 1)] / 2; ++f) {
            spectrum.push_back(squares[at(f)] / static_cast<double>(length));
            spectrum.push_back(0);
        }
        auto sum = std::vector<double>(at(length));
        RealTransform<double>(length).backward(spectrum.data(), sum.data());
        for (std::int64_t k = 0; k <= std::min(most_lags, length / 2); ++k)
            correlation[at(k)] += sum[at(k)];
    }
    return correlation;
}

} // namespace

std::int64_t moment_lags(std::int64_t asked, const FrameCircles& circles,
                         const SpectrumLayout& layout, const std::vector<double>& squares)
{
    auto lags =
        asked > 0 ? asked : lags_from_autocorrelation(autocorrelation(circles, layout, squares));
    for (std::int64_t c = 0; c < circles.count(); ++c)
        lags = std::min(lags, circles.length(c) / 2 - 1);
    return lags;
}

} // namespace rewire::calcium
