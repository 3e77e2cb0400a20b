#pragma once

#include <fftw3.h>

#include <cstdint>
#include <memory>
#include <type_traits>

namespace rewire::calcium {

/// Discrete Fourier transforms of one real sequence at a time, any length (FFTW); many sequences go
/// through LaneTransform. Plans are estimated, not measured, and do not depend on where the data
/// lie, so that the same input gives the same bits in every run on one CPU type. Not safe for
/// threads.
class RealTransform
{
    struct Destroy
    {
        void operator()(fftw_plan plan) const noexcept { fftw_destroy_plan(plan); }
    };
    using Handle = std::unique_ptr<std::remove_pointer_t<fftw_plan>, Destroy>;

  public:
    /// @pre length > 0
    explicit RealTransform(std::int64_t length);

    /// Reals that the spectrum takes: length / 2 + 1 complex numbers.
    static constexpr std::int64_t spectrum_size(std::int64_t length) noexcept
    {
        return 2 * (length / 2 + 1);
    }

    /// spectrum(f) = sum_t trace(t) exp(-2 pi i f t / length), f = 0 .. length / 2.
    void forward(double* trace, double* spectrum) const;
    /// The sum the other way, not divided by the length. Destroys the spectrum.
    void backward(double* spectrum, double* trace) const;

  private:
    Handle forward_;
    Handle backward_;
};

} // namespace rewire::calcium
