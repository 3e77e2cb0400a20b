#pragma once

#include "activity_rows.hpp"

#include <rewire/calcium/circles.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <vector>

/// The moments of the closed-form tests as their formulas say, with loops over everything.
namespace rewire::test {

/// Traces of the circles' frames, end to end, [neuron][used frame]: centred circle by circle,
/// without covariates, of unit norm.
inline Rows prepared_rows(const Rows& rows, const calcium::FrameCircles& circles,
                          const Rows& covariates)
{
    const auto gather = [&](const std::vector<double>& row) {
        auto out = std::vector<double>{};
        for (std::int64_t c = 0; c < circles.count(); ++c) {
            auto part = std::vector<double>{};
            for (const auto frame : circles.of(c))
                part.push_back(row[static_cast<std::size_t>(frame)]);
            part = centred(part);
            out.insert(out.end(), part.begin(), part.end());
        }
        return out;
    };
    auto others = Rows{};
    for (const auto& covariate : covariates)
        others.push_back(gather(covariate));
    auto out = Rows{};
    for (const auto& row : rows) {
        auto z = residual(gather(row), others);
        const auto norm = std::sqrt(dot(z, z));
        for (auto& value : z)
            value /= norm;
        out.push_back(z);
    }
    return out;
}

/// Gauss-Jordan without pivots: the matrix is positive definite.
inline Rows inverse_of(Rows matrix)
{
    const auto n = matrix.size();
    for (std::size_t i = 0; i < n; ++i) {
        const auto pivot = matrix[i][i];
        matrix[i][i] = 1;
        for (auto& value : matrix[i])
            value /= pivot;
        for (std::size_t k = 0; k < n; ++k) {
            if (k == i)
                continue;
            const auto factor = matrix[k][i];
            matrix[k][i] = 0;
            for (std::size_t j = 0; j < n; ++j)
                matrix[k][j] -= factor * matrix[i][j];
        }
    }
    return matrix;
}

/// One circle's part of a row.
inline std::vector<double> part_of(const std::vector<double>& row,
                                   const calcium::FrameCircles& circles, std::int64_t c)
{
    const auto first = row.begin() + circles.start[static_cast<std::size_t>(c)];
    return {first, first + circles.length(c)};
}

using Spectrum = std::vector<std::complex<double>>;

/// All frequencies.
inline Spectrum transform_of(const std::vector<double>& x)
{
    auto out = Spectrum(x.size());
    for (std::size_t f = 0; f < x.size(); ++f)
        for (std::size_t t = 0; t < x.size(); ++t)
            out[f] += x[t] * std::polar(1.0, -2 * std::numbers::pi *
                                                 static_cast<double>(f * t % x.size()) /
                                                 static_cast<double>(x.size()));
    return out;
}

inline std::vector<double> trace_of(const Spectrum& spectrum)
{
    const auto n = spectrum.size();
    auto out = std::vector<double>(n);
    for (std::size_t t = 0; t < n; ++t)
        for (std::size_t f = 0; f < n; ++f)
            out[t] += (spectrum[f] *
                       std::polar(1.0, 2 * std::numbers::pi * static_cast<double>(f * t % n) /
                                           static_cast<double>(n)))
                          .real() /
                      static_cast<double>(n);
    return out;
}

struct SlowMoments
{
    Rows correlation;
    Rows partial;
    Rows corrected; ///< residuals after the correction for leverage
    std::vector<double> refit_share;
};

inline SlowMoments slow_moments(const Rows& z, const calcium::FrameCircles& circles)
{
    const auto n = z.size();
    auto result = SlowMoments{};
    result.correlation = Rows(n, std::vector<double>(n));
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
            result.correlation[i][j] = dot(z[i], z[j]);
    const auto theta = inverse_of(result.correlation);
    result.partial = theta;
    auto e = Rows(n, std::vector<double>(z[0].size()));
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            result.partial[i][j] = -theta[i][j] / std::sqrt(theta[i][i] * theta[j][j]);
            for (std::size_t t = 0; t < z[0].size(); ++t)
                e[i][t] += theta[i][j] * z[j][t] / std::sqrt(theta[i][i]);
        }
    result.corrected = Rows(n);
    auto refit = std::vector<double>(n);
    auto norm = std::vector<double>(n);
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        auto zf = std::vector<Spectrum>{};
        for (const auto& row : z)
            zf.push_back(transform_of(part_of(row, circles, c)));
        const auto length = static_cast<double>(circles.length(c));
        auto leverage = std::vector<double>(zf[0].size());
        for (std::size_t f = 0; f < leverage.size(); ++f)
            for (std::size_t i = 0; i < n; ++i)
                for (std::size_t j = 0; j < n; ++j)
                    leverage[f] += (std::conj(zf[i][f]) * theta[i][j] * zf[j][f]).real() / length;
        for (std::size_t i = 0; i < n; ++i) {
            auto ef = transform_of(part_of(e[i], circles, c));
            for (std::size_t f = 0; f < ef.size(); ++f) {
                ef[f] *= f == 0 ? 0 : 1 / std::sqrt(std::max(1 - leverage[f], 0.02));
                norm[i] += std::norm(ef[f]) / length;
                refit[i] += std::norm(ef[f]) * leverage[f] / length;
            }
            const auto part = trace_of(ef);
            result.corrected[i].insert(result.corrected[i].end(), part.begin(), part.end());
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (auto& value : result.corrected[i])
            value /= std::sqrt(norm[i]);
        result.refit_share.push_back(refit[i] / norm[i]);
    }
    return result;
}

/// Mean of the squared correlation over all shifts, the circles shifted independently.
inline double slow_variance(const std::vector<double>& a, const std::vector<double>& b,
                            const calcium::FrameCircles& circles)
{
    auto variance = 0.0;
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        const auto x = part_of(a, circles, c);
        const auto y = part_of(b, circles, c);
        for (std::size_t shift = 0; shift < x.size(); ++shift) {
            auto sum = 0.0;
            for (std::size_t t = 0; t < x.size(); ++t)
                sum += x[(t + shift) % x.size()] * y[t];
            variance += sum * sum / static_cast<double>(x.size());
        }
    }
    return variance;
}

/// Third moment with the lags from -K to K in every difference of the three times.
inline double slow_third(const std::vector<double>& a, const std::vector<double>& b,
                         const calcium::FrameCircles& circles, std::int64_t lags)
{
    auto third = 0.0;
    for (std::int64_t c = 0; c < circles.count(); ++c) {
        const auto x = part_of(a, circles, c);
        const auto y = part_of(b, circles, c);
        const auto length = static_cast<std::int64_t>(x.size());
        // all triples of times (0, p, q) whose largest difference is at most K
        for (auto p = -lags; p <= lags; ++p)
            for (auto q = -lags; q <= lags; ++q) {
                if (std::max({std::int64_t{0}, p, q}) - std::min({std::int64_t{0}, p, q}) > lags)
                    continue;
                auto of_x = 0.0;
                auto of_y = 0.0;
                for (std::int64_t t = 0; t < length; ++t) {
                    const auto second = static_cast<std::size_t>((t + p + length) % length);
                    const auto last = static_cast<std::size_t>((t + q + length) % length);
                    of_x += x[static_cast<std::size_t>(t)] * x[second] * x[last];
                    of_y += y[static_cast<std::size_t>(t)] * y[second] * y[last];
                }
                third += of_x * of_y / static_cast<double>(length);
            }
    }
    return third;
}

} // namespace rewire::test
