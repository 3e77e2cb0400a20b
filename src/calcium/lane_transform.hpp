#pragma once

#include "lane_kernels.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace rewire::calcium {

/// Of the table of surrogates.
constexpr auto lanes = lanes_of<float>;
using LaneValues = LaneVector<float>::Type;
using Lane = LaneOf<float>;

/// Discrete Fourier transform of sixteen (float) or eight (double) complex sequences at once, of
/// any length, not normalised. Libraries that can be used here transform one sequence at a time,
/// without vector instructions, and are several times slower where a length has prime factors
/// beyond 13; sequences side by side need no shuffling.
///
/// Prime factors up to 127 are passes of Stockham's (radix 4, 2, 3, 5; other primes term by term).
/// Lengths beyond what the cache holds are cut in two factors, columns and rows. A larger prime is
/// turned into a convolution of a length with factors 2, 3, 5 (Bluestein). The same bits wherever
/// it runs. One object is not safe for threads.
template <typename Real>
class LaneTransform
{
  public:
    enum class Direction
    {
        forward,  ///< sum x exp(-2 pi i f t / n)
        backward, ///< sum x exp(+2 pi i f t / n)
    };

    /// @pre length > 0
    LaneTransform(std::int64_t length, Direction direction);

    /// Transforms `data`; both buffers, of `length`, are overwritten. Returns the one that holds
    /// the result.
    LaneOf<Real>* run(LaneOf<Real>* data, LaneOf<Real>* scratch) const;

  private:
    struct Stage
    {
        std::int64_t radix = 0;
        std::int64_t rest = 0;     ///< length of the remaining transforms
        std::int64_t stride = 0;   ///< of one sequence
        std::vector<Real> twiddle; ///< [rest, radix - 1, (re, im)]
        std::vector<Real> turns;   ///< of primes beyond 5: LanePass::turns
    };

    void make_stages();
    void make_parts(std::int64_t columns);
    void make_convolution();
    LaneOf<Real>* run_parts(LaneOf<Real>* data, LaneOf<Real>* scratch) const;
    LaneOf<Real>* run_convolution(LaneOf<Real>* data) const;

    std::int64_t length_;
    Direction direction_;
    Real sign_;
    std::vector<Stage> stages_;
    // of long lengths: [columns, rows] data, columns first
    std::unique_ptr<LaneTransform> column_;
    std::unique_ptr<LaneTransform> row_;
    std::vector<Real> between_; ///< [rows, columns, (re, im)] factors
    // of large primes
    std::unique_ptr<LaneTransform> there_;
    std::unique_ptr<LaneTransform> back_;
    std::vector<Real> chirp_;    ///< [length, (re, im)]
    std::vector<Real> spectrum_; ///< [padded length, (re, im)] of the chirp's convolution
    mutable std::vector<LaneOf<Real>> first_;
    mutable std::vector<LaneOf<Real>> second_;
};

extern template class LaneTransform<float>;
extern template class LaneTransform<double>;

} // namespace rewire::calcium
