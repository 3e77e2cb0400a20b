#pragma once

#include <cstdint>
#include <vector>

/// The LSTM of one neuron over one trial (section 2, step 2). Its input is one of two vectors, so
/// what it adds to the gates is one of two, too.
namespace rewire::dynetcp {

template <typename Real>
struct LstmWeights
{
    std::vector<Real> silent;    ///< [gates] input weights times the features of no spike, and both
                                 ///< biases
    std::vector<Real> spike;     ///< [gates] the same of a spike
    std::vector<Real> recurrent; ///< [hidden, gates]: transposed
};

/// Arrays of one neuron in one trial.
template <typename Real>
struct LstmTrial
{
    std::int64_t bins;
    std::int64_t hidden;
    const Real* spikes; ///< [bins] 0 or 1
    Real* gates;        ///< [bins, 4 hidden] i, f, g, o; the backward pass leaves dz there
    Real* cells;        ///< [bins, hidden]
    Real* outputs;      ///< [bins, hidden], rows `stride` apart
    std::int64_t stride;
};

/// From a state of 0.
void lstm_forward(const LstmWeights<float>& weights, const LstmTrial<float>& trial);
void lstm_forward(const LstmWeights<double>& weights, const LstmTrial<double>& trial);

/// Puts dz, of the gates before their functions, in the place of the gates.
/// @param recurrent [4 hidden, hidden] @param d_outputs [bins, hidden], rows `stride` apart
void lstm_backward(const float* recurrent, const LstmTrial<float>& trial, const float* d_outputs);
void lstm_backward(const double* recurrent, const LstmTrial<double>& trial,
                   const double* d_outputs);

} // namespace rewire::dynetcp
