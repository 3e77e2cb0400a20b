// The kernels of each instruction set against a loop that follows the formula.
#include "dynetcp/pair_kernels.hpp"

#include <rewire/base/random.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace rewire::dynetcp;

namespace {

using Forward = void (*)(const PairTile<float>&, const float*, float*);
using Backward = void (*)(const PairTile<float>&, const float*, const PairGradient<float>&);

struct Kernel
{
    std::string name;
    Forward forward;
    Backward backward;
};

std::vector<Kernel> kernels_here()
{
    auto kernels = std::vector<Kernel>{
        {"chosen", static_cast<Forward>(pair_forward), static_cast<Backward>(pair_backward)}};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        kernels.push_back({"avx2", pair_forward_avx2, pair_backward_avx2});
    if (__builtin_cpu_supports("avx512f"))
        kernels.push_back({"avx512", pair_forward_avx512, pair_backward_avx512});
#endif
    return kernels;
}

struct Example
{
    Example(std::int64_t edges, std::int64_t lags, std::int64_t hidden)
        : width(padded(hidden)), stride(pair_stride(hidden)), lag_count(lags)
    {
        auto stream = rewire::base::Stream(3, {static_cast<std::uint64_t>(edges)});
        const auto fill = [&](std::vector<float>& values, std::int64_t size) {
            values.resize(static_cast<std::size_t>(size));
            for (auto& value : values)
                value = static_cast<float>(stream.normal());
        };
        const auto slots = edges + 2;
        fill(send, slots * stride), fill(shift, width), fill(out, lags * width);
        fill(bias, lags), fill(d_offsets, edges * lags);
        fill(start_send, slots * stride), fill(start_out, lags * width);
        for (std::int64_t edge = 0; edge < edges; ++edge)
            slot.push_back(static_cast<std::int32_t>(slots - 1 - edge));
    }

    PairTile<float> tile() const
    {
        return {std::ssize(slot), slot.data(), width,        stride,
                lag_count,        send.data(), shift.data(), out.data()};
    }

    std::int64_t width, stride, lag_count;
    std::vector<std::int32_t> slot;
    std::vector<float> send, shift, out, bias, d_offsets, start_send, start_out;
};

double relu(const Example& example, std::int64_t edge, std::int64_t k)
{
    const auto at =
        static_cast<std::size_t>(example.slot[static_cast<std::size_t>(edge)] * example.stride + k);
    return std::max(0.0, static_cast<double>(example.send[at]) +
                             static_cast<double>(example.shift[static_cast<std::size_t>(k)]));
}

void expect_near(const std::vector<float>& ours, const std::vector<double>& theirs)
{
    ASSERT_EQ(ours.size(), theirs.size());
    for (std::size_t k = 0; k < ours.size(); ++k)
        ASSERT_NEAR(ours[k], theirs[k], 2e-4) << k; // of sums of 384 products of about 1
}

void expect_forward(const Example& example, const Kernel& kernel)
{
    auto ours = std::vector<float>(example.d_offsets.size());
    kernel.forward(example.tile(), example.bias.data(), ours.data());

    auto theirs = std::vector<double>{};
    for (std::int64_t edge = 0; edge < std::ssize(example.slot); ++edge)
        for (std::int64_t lag = 0; lag < example.lag_count; ++lag) {
            auto sum = static_cast<double>(example.bias[static_cast<std::size_t>(lag)]);
            for (std::int64_t k = 0; k < example.width; ++k)
                sum += relu(example, edge, k) *
                       static_cast<double>(
                           example.out[static_cast<std::size_t>(lag * example.width + k)]);
            theirs.push_back(sum);
        }
    expect_near(ours, theirs);
}

void expect_backward(const Example& example, const Kernel& kernel)
{
    auto send = example.start_send;
    auto shift = std::vector<float>(example.shift.size(), 7);
    auto out = example.start_out;
    kernel.backward(example.tile(), example.d_offsets.data(),
                    {send.data(), shift.data(), out.data()});

    auto to_send = std::vector<double>(example.start_send.begin(), example.start_send.end());
    auto to_shift = std::vector<double>(shift.size(), 0);
    auto to_out = std::vector<double>(example.start_out.begin(), example.start_out.end());
    for (std::int64_t edge = 0; edge < std::ssize(example.slot); ++edge)
        for (std::int64_t k = 0; k < example.width; ++k) {
            const auto hidden = relu(example, edge, k);
            auto sum = 0.0;
            for (std::int64_t lag = 0; lag < example.lag_count; ++lag) {
                const auto at = static_cast<std::size_t>(lag * example.width + k);
                const auto d = static_cast<double>(
                    example.d_offsets[static_cast<std::size_t>(edge * example.lag_count + lag)]);
                sum += d * static_cast<double>(example.out[at]);
                to_out[at] += d * hidden;
            }
            if (hidden <= 0)
                continue;
            to_shift[static_cast<std::size_t>(k)] += sum;
            to_send[static_cast<std::size_t>(
                example.slot[static_cast<std::size_t>(edge)] * example.stride + k)] += sum;
        }
    expect_near(send, to_send);
    expect_near(shift, to_shift);
    expect_near(out, to_out);
}

} // namespace

TEST(PairKernels, AllFollowTheFormula)
{
    for (const auto& kernel : kernels_here())
        for (const auto edges : {1, 2, 7, 30})
            for (const auto lags : {1, 2, 11, 16, 20}) {
                if (lags > most_kernel_lags && kernel.name != "chosen")
                    continue;
                SCOPED_TRACE(kernel.name + ", " + std::to_string(edges) + " edges, " +
                             std::to_string(lags) + " lags");
                const auto example = Example(edges, lags, lags == 11 ? 384 : 22);
                expect_forward(example, kernel);
                expect_backward(example, kernel);
            }
}
