#pragma once

#include <rewire/spikes/trials.hpp>

#include <cstdint>
#include <span>
#include <vector>

/// Joint peri-stimulus time histograms of a pair (methods page, spikes d): how coincidences of two
/// units depend on the times of both within the trial.
namespace rewire::spikes {

/// Which terms the average along the diagonal has where fewer than all exist.
enum class DiagonalAverage : std::uint8_t
{
    available,   ///< those that exist
    full,        ///< NaN unless all exist
    skip_silent, ///< those that exist and in whose bin the first unit ever fires; NaN for none
};

struct JpsthSettings
{
    std::int64_t band_bins = 20; ///< |time_j - time_i|; negative: the whole matrix
    std::int64_t average_bins = 10;
    DiagonalAverage average = DiagonalAverage::available;
};

/// Matrices [time_i, column]: of the whole, column = time_j; of a band, column = time_j - time_i +
/// band, NaN where time_j lies outside the trial. Float32: probabilities of single trials are
/// multiples of 1 / trials.
struct Jpsth
{
    std::int64_t bins = 0;
    std::int64_t band = -1; ///< negative: whole
    std::int64_t columns = 0;
    std::vector<float> joint;     ///< mean over trials of x_i(a) x_j(b)
    std::vector<float> predictor; ///< psth_i(a) psth_j(b)
    /// (joint - predictor) / (s_i(a) s_j(b)), s = sqrt(p (1 - p)): Aertsen et al. 1989. 0 for s =
    /// 0.
    std::vector<float> normalised;
    /// joint / psth_i(a): probability of j at b given i at a, the paper's cJPSTH. 0 where i is
    /// silent at a.
    std::vector<float> conditional;
    /// Conditional averaged over the `average_bins` most recent bins at the same delay.
    std::vector<float> conditional_smoothed;
    /// Sum of `normalised` at each time_j - time_i, [2 bins - 1] or [2 band + 1]: the normalised
    /// correlogram.
    std::vector<double> diagonal_sum;
    std::vector<double> psth_i; ///< [bins] probability of a spike
    std::vector<double> psth_j;

    std::int64_t column_of(std::int64_t time_i, std::int64_t time_j) const noexcept
    {
        return band < 0 ? time_j : time_j - time_i + band;
    }
};

/// O(trials * coincidences within the band + bins * columns). Without trials all is 0.
/// @throws InputError: units out of range, average_bins < 1
Jpsth jpsth(const PackedTrials& packed, std::int64_t unit_i, std::int64_t unit_j,
            const JpsthSettings& settings = {});

/// Probability of a spike by bin, [units, bins]: the trial-averaged rates a bin.
std::vector<double> psths(const PackedTrials& packed);

} // namespace rewire::spikes
