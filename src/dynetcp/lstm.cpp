#include "lstm.hpp"

#include "exponential.hpp"

#include <rewire/base/dispatch.hpp>

#include <algorithm>

namespace rewire::dynetcp {

namespace {

#define REWIRE_INLINE [[gnu::always_inline]] inline

/// Rows that are added at once, so that what is added to is not read and written for each.
constexpr auto together = std::int64_t{8};

/// to [columns] += sum over rows of factor[row] * matrix[row, :].
template <typename Real>
REWIRE_INLINE void add_rows(std::int64_t rows, std::int64_t columns, const Real* factor,
                            const Real* matrix, Real* to)
{
    auto row = std::int64_t{0};
    for (; row + together <= rows; row += together) {
        const auto* first = matrix + row * columns;
        const auto* by = factor + row;
        for (std::int64_t k = 0; k < columns; ++k)
            to[k] += ((by[0] * first[k] + by[1] * first[columns + k]) +
                      (by[2] * first[2 * columns + k] + by[3] * first[3 * columns + k])) +
                     ((by[4] * first[4 * columns + k] + by[5] * first[5 * columns + k]) +
                      (by[6] * first[6 * columns + k] + by[7] * first[7 * columns + k]));
    }
    for (; row < rows; ++row)
        for (std::int64_t k = 0; k < columns; ++k)
            to[k] += factor[row] * matrix[row * columns + k];
}

template <typename Real>
REWIRE_INLINE void forward(const LstmWeights<Real>& weights, const LstmTrial<Real>& trial)
{
    const auto hidden = trial.hidden;
    for (std::int64_t bin = 0; bin < trial.bins; ++bin) {
        auto* z = trial.gates + bin * 4 * hidden;
        const auto& input = trial.spikes[bin] != 0 ? weights.spike : weights.silent;
        std::copy(input.begin(), input.end(), z);
        if (bin > 0)
            add_rows(hidden, 4 * hidden, trial.outputs + (bin - 1) * trial.stride,
                     weights.recurrent.data(), z);
        auto* cell = trial.cells + bin * hidden;
        auto* output = trial.outputs + bin * trial.stride;
        for (std::int64_t k = 0; k < 2 * hidden; ++k)
            z[k] = sigmoid(z[k]);
        for (auto k = 2 * hidden; k < 3 * hidden; ++k)
            z[k] = hyperbolic_tangent(z[k]);
        for (auto k = 3 * hidden; k < 4 * hidden; ++k)
            z[k] = sigmoid(z[k]);
        for (std::int64_t k = 0; k < hidden; ++k) {
            const auto kept = bin > 0 ? z[hidden + k] * cell[k - hidden] : Real{0};
            cell[k] = kept + z[k] * z[2 * hidden + k];
            output[k] = z[3 * hidden + k] * hyperbolic_tangent(cell[k]);
        }
    }
}

template <typename Real>
REWIRE_INLINE void backward(const Real* recurrent, const LstmTrial<Real>& trial,
                            const Real* d_outputs, Real* d_output, Real* d_cell)
{
    const auto hidden = trial.hidden;
    std::fill(d_cell, d_cell + hidden, Real{0});
    for (auto bin = trial.bins - 1; bin >= 0; --bin) {
        auto* z = trial.gates + bin * 4 * hidden;
        const auto* cell = trial.cells + bin * hidden;
        std::copy(d_outputs + bin * trial.stride, d_outputs + bin * trial.stride + hidden,
                  d_output);
        if (bin + 1 < trial.bins)
            add_rows(4 * hidden, hidden, z + 4 * hidden, recurrent, d_output);
        for (std::int64_t k = 0; k < hidden; ++k) {
            const auto in = z[k];
            const auto forget = z[hidden + k];
            const auto candidate = z[2 * hidden + k];
            const auto out = z[3 * hidden + k];
            const auto shown = hyperbolic_tangent(cell[k]);
            const auto d = d_cell[k] + d_output[k] * out * (1 - shown * shown);
            const auto before = bin > 0 ? cell[k - hidden] : Real{0};
            z[k] = d * candidate * in * (1 - in);
            z[hidden + k] = d * before * forget * (1 - forget);
            z[2 * hidden + k] = d * in * (1 - candidate * candidate);
            z[3 * hidden + k] = d_output[k] * shown * out * (1 - out);
            d_cell[k] = d * forget;
        }
    }
}

#define REWIRE_LSTM(Real)                                                                          \
    REWIRE_CLONES("avx512f", "avx2", "default")                                                    \
    void forward_of(const LstmWeights<Real>& weights, const LstmTrial<Real>& trial)                \
    {                                                                                              \
        forward(weights, trial);                                                                   \
    }                                                                                              \
    REWIRE_CLONES("avx512f", "avx2", "default")                                                    \
    void backward_of(const Real* recurrent, const LstmTrial<Real>& trial, const Real* d_outputs,   \
                     Real* d_output, Real* d_cell)                                                 \
    {                                                                                              \
        backward(recurrent, trial, d_outputs, d_output, d_cell);                                   \
    }
REWIRE_LSTM(float)
REWIRE_LSTM(double)
#undef REWIRE_LSTM

template <typename Real>
void backward_with_room(const Real* recurrent, const LstmTrial<Real>& trial, const Real* d_outputs)
{
    auto room = std::vector<Real>(static_cast<std::size_t>(2 * trial.hidden));
    backward_of(recurrent, trial, d_outputs, room.data(), room.data() + trial.hidden);
}

} // namespace

void lstm_forward(const LstmWeights<float>& weights, const LstmTrial<float>& trial)
{
    forward_of(weights, trial);
}

void lstm_forward(const LstmWeights<double>& weights, const LstmTrial<double>& trial)
{
    forward_of(weights, trial);
}

void lstm_backward(const float* recurrent, const LstmTrial<float>& trial, const float* d_outputs)
{
    backward_with_room(recurrent, trial, d_outputs);
}

void lstm_backward(const double* recurrent, const LstmTrial<double>& trial, const double* d_outputs)
{
    backward_with_room(recurrent, trial, d_outputs);
}

} // namespace rewire::dynetcp
