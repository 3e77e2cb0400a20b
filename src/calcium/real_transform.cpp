#include "real_transform.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>

#include <vector>

namespace rewire::calcium {

namespace {

constexpr auto plan_flags = unsigned{FFTW_ESTIMATE} | unsigned{FFTW_UNALIGNED};

} // namespace

template <typename Real>
RealTransform<Real>::RealTransform(std::int64_t length) : length_(length)
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
    if (length % 2 == 1) {
        in_.resize(2 * static_cast<std::size_t>(length));
        out_.resize(in_.size());
        auto* in = reinterpret_cast<Complex*>(in_.data());
        auto* out = reinterpret_cast<Complex*>(out_.data());
        if constexpr (is_double) {
            forward_two_.reset(fftw_plan_dft_1d(n, in, out, FFTW_FORWARD, plan_flags));
            backward_two_.reset(fftw_plan_dft_1d(n, in, out, FFTW_BACKWARD, plan_flags));
        } else {
            forward_two_.reset(fftwf_plan_dft_1d(n, in, out, FFTW_FORWARD, plan_flags));
            backward_two_.reset(fftwf_plan_dft_1d(n, in, out, FFTW_BACKWARD, plan_flags));
        }
    }
    if (!forward_ || !backward_ || (length % 2 == 1 && (!forward_two_ || !backward_two_)))
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

template <typename Real>
void RealTransform<Real>::execute(const Handle& plan)
{
    auto* in = reinterpret_cast<Complex*>(in_.data());
    auto* out = reinterpret_cast<Complex*>(out_.data());
    if constexpr (is_double)
        fftw_execute_dft(plan.get(), in, out);
    else
        fftwf_execute_dft(plan.get(), in, out);
}

template <typename Real>
void RealTransform<Real>::forward_two(Real* first, Real* second, Real* first_spectrum,
                                      Real* second_spectrum)
{
    if (!forward_two_) {
        forward(first, first_spectrum);
        forward(second, second_spectrum);
        return;
    }
    for (std::int64_t t = 0; t < length_; ++t) {
        in_[static_cast<std::size_t>(2 * t)] = first[t];
        in_[static_cast<std::size_t>(2 * t + 1)] = second[t];
    }
    execute(forward_two_);
    for (std::int64_t f = 0; f <= length_ / 2; ++f) {
        const auto* c = out_.data() + 2 * f;
        const auto* d = out_.data() + 2 * (f == 0 ? 0 : length_ - f);
        first_spectrum[2 * f] = (c[0] + d[0]) / 2;
        first_spectrum[2 * f + 1] = (c[1] - d[1]) / 2;
        second_spectrum[2 * f] = (c[1] + d[1]) / 2;
        second_spectrum[2 * f + 1] = (d[0] - c[0]) / 2;
    }
}

template <typename Real>
void RealTransform<Real>::backward_two(Real* first_spectrum, Real* second_spectrum, Real* first,
                                       Real* second)
{
    if (!backward_two_) {
        backward(first_spectrum, first);
        backward(second_spectrum, second);
        return;
    }
    for (std::int64_t f = 0; f <= length_ / 2; ++f) {
        const auto* a = first_spectrum + 2 * f;
        const auto* b = second_spectrum + 2 * f;
        auto* c = in_.data() + 2 * f;
        c[0] = a[0] - b[1];
        c[1] = a[1] + b[0];
        if (f > 0) {
            auto* d = in_.data() + 2 * (length_ - f);
            d[0] = a[0] + b[1];
            d[1] = b[0] - a[1];
        }
    }
    execute(backward_two_);
    for (std::int64_t t = 0; t < length_; ++t) {
        first[t] = out_[static_cast<std::size_t>(2 * t)];
        second[t] = out_[static_cast<std::size_t>(2 * t + 1)];
    }
}

template class RealTransform<double>;
template class RealTransform<float>;

} // namespace rewire::calcium
