#include "real_transform.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <vector>

namespace rewire::calcium {

namespace {

constexpr auto plan_flags = unsigned{FFTW_ESTIMATE} | unsigned{FFTW_UNALIGNED};

} // namespace

RealTransform::RealTransform(std::int64_t length)
{
    // an estimated plan is made without touching the arrays
    auto trace = std::vector<double>(static_cast<std::size_t>(length));
    auto spectrum = std::vector<double>(static_cast<std::size_t>(spectrum_size(length)));
    auto* complex = reinterpret_cast<fftw_complex*>(spectrum.data());
    const auto n = static_cast<int>(length);
    forward_.reset(fftw_plan_dft_r2c_1d(n, trace.data(), complex, plan_flags));
    backward_.reset(fftw_plan_dft_c2r_1d(n, complex, trace.data(), plan_flags));
    if (!forward_ || !backward_)
        throw base::NumericalError(fmt::format("no Fourier transform of length {}", length), "FFTW",
                                   "report this length");
}

void RealTransform::forward(double* trace, double* spectrum) const
{
    fftw_execute_dft_r2c(forward_.get(), trace, reinterpret_cast<fftw_complex*>(spectrum));
}

void RealTransform::backward(double* spectrum, double* trace) const
{
    fftw_execute_dft_c2r(backward_.get(), reinterpret_cast<fftw_complex*>(spectrum), trace);
}

} // namespace rewire::calcium
