#pragma once

#include <fftw3.h>

#include <cstdint>
#include <memory>
#include <type_traits>

namespace rewire::calcium {

/// Discrete Fourier transforms of real sequences of one length, any length (FFTW). Plans are
/// estimated, not measured, and do not depend on where the data lie, so that the same input gives
/// the same bits in every run on one CPU type. Moves; the planner is not safe for threads.
template <typename Real>
class RealTransform
{
    static constexpr auto is_double = std::is_same_v<Real, double>;
    using Plan = std::conditional_t<is_double, fftw_plan, fftwf_plan>;
    using Complex = std::conditional_t<is_double, fftw_complex, fftwf_complex>;
    struct Destroy
    {
        void operator()(Plan plan) const noexcept
        {
            if constexpr (is_double)
                fftw_destroy_plan(plan);
            else
                fftwf_destroy_plan(plan);
        }
    };
    using Handle = std::unique_ptr<std::remove_pointer_t<Plan>, Destroy>;

  public:
    /// @pre length > 0
    explicit RealTransform(std::int64_t length);

    /// Reals that the spectrum takes: length / 2 + 1 complex numbers.
    static constexpr std::int64_t spectrum_size(std::int64_t length) noexcept
    {
        return 2 * (length / 2 + 1);
    }

    /// spectrum(f) = sum_t trace(t) exp(-2 pi i f t / length), f = 0 .. length / 2.
    void forward(Real* trace, Real* spectrum) const;
    /// The sum the other way, not divided by the length. Destroys the spectrum.
    void backward(Real* spectrum, Real* trace) const;

  private:
    Handle forward_;
    Handle backward_;
};

extern template class RealTransform<double>;
extern template class RealTransform<float>;

} // namespace rewire::calcium
