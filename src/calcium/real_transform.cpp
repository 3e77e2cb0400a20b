#include "real_transform.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <vector>

namespace rewire::calcium {

namespace {

constexpr auto plan_flags = unsigned{FFTW_ESTIMATE} | unsigned{FFTW_UNALIGNED};

} // namespace

template <typename Real>
RealTransform<Real>::RealTransform(std::int64_t length)
{
    // an estimated plan is made without touching the arrays
    auto trace = std::vector<Real>(static_cast<std::size_t>(length));
    auto spectrum = std::vector<Real>(static_cast<std::size_t>(spectrum_size(length)));
    auto* complex = reinterpret_cast<Complex*>(spectrum.data());
    const auto n = static_cast<int>(length);
    if constexpr (is_double) {
        forward_.reset(fftw_plan_dft_r2c_1d(n, trace.data(), complex, plan_flags));
        backward_.reset(fftw_plan_dft_c2r_1d(n, complex, trace.data(), plan_flags));
    } else {
        forward_.reset(fftwf_plan_dft_r2c_1d(n, trace.data(), complex, plan_flags));
        backward_.reset(fftwf_plan_dft_c2r_1d(n, complex, trace.data(), plan_flags));
    }
    if (!forward_ || !backward_)
        throw base::NumericalError(fmt::format("no Fourier transform of length {}", length), "FFTW",
                                   "report this length");
}

template <typename Real>
void RealTransform<Real>::forward(Real* trace, Real* spectrum) const
{
    auto* complex = reinterpret_cast<Complex*>(spectrum);
    if constexpr (is_double)
        fftw_execute_dft_r2c(forward_.get(), trace, complex);
    else
        fftwf_execute_dft_r2c(forward_.get(), trace, complex);
}

template <typename Real>
void RealTransform<Real>::backward(Real* spectrum, Real* trace) const
{
    auto* complex = reinterpret_cast<Complex*>(spectrum);
    if constexpr (is_double)
        fftw_execute_dft_c2r(backward_.get(), complex, trace);
    else
        fftwf_execute_dft_c2r(backward_.get(), complex, trace);
}

template class RealTransform<double>;
template class RealTransform<float>;

} // namespace rewire::calcium
