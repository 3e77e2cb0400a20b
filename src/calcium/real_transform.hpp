#pragma once

#include <fftw3.h>

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace rewire::calcium {

/// Discrete Fourier transforms of real sequences of one length, any length (FFTW). Plans are
/// estimated, not measured, and do not depend on where the data lie, so that the same input gives
/// the same bits in every run on one CPU type. Not safe for threads.
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

    /// Two at once. Those of odd length go as the real and the imaginary part of one complex
    /// transform: FFTW's real ones take two to three times as long there, and no less elsewhere.
    void forward_two(Real* first, Real* second, Real* first_spectrum, Real* second_spectrum);
    void backward_two(Real* first_spectrum, Real* second_spectrum, Real* first, Real* second);

  private:
    void execute(const Handle& plan);

    std::int64_t length_;
    Handle forward_;
    Handle backward_;
    // of odd lengths
    Handle forward_two_;
    Handle backward_two_;
    std::vector<Real> in_;  ///< complex
    std::vector<Real> out_; ///< complex
};

extern template class RealTransform<double>;
extern template class RealTransform<float>;

} // namespace rewire::calcium
