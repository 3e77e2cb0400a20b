#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/io/hdf5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

using namespace rewire;
using calcium::PartialCorrelationStatus;
using calcium::WhenSingular;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// Non-zero samples (NaN among them) of a dense [neurons, frames] matrix.
activity::Activity activity_of(const std::vector<double>& dense, const io::Shape& shape)
{
    auto activity = activity::Activity{};
    activity.frames = shape[1];
    for (std::int64_t n = 0; n < shape[0]; ++n) {
        for (std::int64_t t = 0; t < shape[1]; ++t)
            if (const auto value = dense[at(n * shape[1] + t)]; value != 0) {
                activity.frame.push_back(static_cast<std::int32_t>(t));
                activity.value.push_back(value);
            }
        activity.start.push_back(static_cast<std::int64_t>(activity.frame.size()));
    }
    return activity;
}

struct Case
{
    io::Handle group;
    std::int64_t neurons = 0;
    activity::Activity activity;

    explicit Case(const io::Handle& file, const std::string& name)
        : group(io::open_group(file, name))
    {
        const auto shape = io::shape_of(io::open_dataset(group, "spikes_smooth"));
        neurons = shape[0];
        activity = activity_of(io::read_all<double>(group, "spikes_smooth"), shape);
    }

    /// Upper triangle of a stored matrix.
    std::vector<double> pairs(const std::string& dataset) const
    {
        const auto matrix = io::read_all<double>(group, dataset);
        auto result = std::vector<double>{};
        for (std::int64_t i = 0; i < neurons; ++i)
            for (auto j = i + 1; j < neurons; ++j)
                result.push_back(matrix[at(i * neurons + j)]);
        return result;
    }
};

double largest_difference(const std::vector<double>& a, const std::vector<double>& b)
{
    auto largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto difference = std::abs(a[i] - b[i]);
        if (!(difference <= largest))
            largest = difference;
    }
    return largest;
}

const auto well_conditioned = std::vector<std::string>{"basic", "suite2p_py", "tiny"};
const auto broken = std::vector<std::string>{"T_eq_N_plus_6",    "T_lt_N",        "constant_neuron",
                                             "duplicate_neuron", "nan_in_spikes", "neg"};
const auto all_cases = [] {
    auto cases = well_conditioned;
    cases.insert(cases.end(), broken.begin(), broken.end());
    return cases;
}();

class ConnectomeReference : public testing::Test
{
  protected:
    void SetUp() override
    {
        const auto path = test::shared_data("reference/calcium/b_farci.h5");
        if (path.empty())
            GTEST_SKIP() << test::skipped_reference;
        file_ = io::open_for_reading(path);
    }
    io::Handle file_;
};

} // namespace

TEST_F(ConnectomeReference, PartialCorrelationsAreFarcisWhereFarciHasThem)
{
    for (const auto& name : well_conditioned) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);

        const auto result = calcium::partial_correlation(reference.activity.view());

        EXPECT_EQ(result.status, PartialCorrelationStatus::ok);
        EXPECT_LT(largest_difference(result.value, reference.pairs("pcorr")), 1e-8);
    }
}

TEST_F(ConnectomeReference, SparseAndDenseAgree)
{
    for (const auto& name : well_conditioned) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);
        for (const auto kind : {calcium::Accumulation::sparse, calcium::Accumulation::dense}) {
            const auto result =
                calcium::partial_correlation(reference.activity.view(), {.accumulation = kind});

            EXPECT_LT(largest_difference(result.value, reference.pairs("pcorr")), 1e-8);
        }
    }
}

TEST_F(ConnectomeReference, ActiveNeurons)
{
    for (const auto& name : all_cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);

        const auto result = calcium::partial_correlation(reference.activity.view());

        EXPECT_EQ(result.active, io::read_all<std::uint8_t>(reference.group, "ref_active"));
    }
}

TEST_F(ConnectomeReference, InverseOverTheActiveNeurons)
{
    for (const auto& name : all_cases) {
        const auto reference = Case(file_, name);
        if (!io::exists(reference.group, "ref_inv"))
            continue;
        SCOPED_TRACE(name);

        const auto result = calcium::partial_correlation(reference.activity.view());
        const auto connectome = calcium::connectome_of(result.value);

        EXPECT_EQ(result.status, PartialCorrelationStatus::ok) << result.status_text;
        EXPECT_LT(largest_difference(result.value, reference.pairs("ref_inv")), 1e-8);
        EXPECT_NEAR(connectome.threshold,
                    io::read_attribute<double>(reference.group, "ref_inv_th_a2"), 1e-8);
    }
}

TEST_F(ConnectomeReference, SingularCasesAreFlagged)
{
    for (const auto& [name, status] : std::vector<std::pair<std::string, PartialCorrelationStatus>>{
             {"T_lt_N", PartialCorrelationStatus::too_few_frames},
             {"duplicate_neuron", PartialCorrelationStatus::ill_conditioned}}) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);

        const auto result = calcium::partial_correlation(reference.activity.view());
        const auto connectome = calcium::connectome_of(result.value);

        EXPECT_EQ(result.status, status);
        EXPECT_FALSE(result.status_text.empty());
        const auto inactive_pairs =
            base::pair_count(reference.neurons) - base::pair_count(result.active_count);
        EXPECT_EQ(std::count(result.value.begin(), result.value.end(), 0.0), inactive_pairs);
        EXPECT_EQ(connectome.edges, 0);
        EXPECT_TRUE(std::isnan(connectome.threshold));
        EXPECT_THROW(calcium::partial_correlation(reference.activity.view(),
                                                  {.when_singular = WhenSingular::error}),
                     base::NumericalError);
    }
}

TEST_F(ConnectomeReference, PseudoInverse)
{
    for (const auto& name : all_cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);

        const auto result = calcium::partial_correlation(
            reference.activity.view(), {.when_singular = WhenSingular::pseudo_inverse});
        const auto connectome = calcium::connectome_of(result.value);

        EXPECT_LT(largest_difference(result.value, reference.pairs("ref_pinv")), 1e-8);
        EXPECT_NEAR(connectome.threshold,
                    io::read_attribute<double>(reference.group, "ref_pinv_th_a2"), 1e-8);
    }
}

TEST_F(ConnectomeReference, LedoitWolf)
{
    for (const auto& name : all_cases) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);
        const auto expected = io::read_attribute<double>(reference.group, "ledoitwolf_shrinkage");

        const auto shrunk = calcium::partial_correlation(
            reference.activity.view(),
            {.shrinkage = {.kind = calcium::Shrinkage::Kind::ledoit_wolf}});
        const auto same = calcium::partial_correlation(
            reference.activity.view(),
            {.shrinkage = {.kind = calcium::Shrinkage::Kind::fixed, .value = expected}});

        EXPECT_EQ(shrunk.status, PartialCorrelationStatus::ok);
        EXPECT_NEAR(shrunk.shrinkage, expected, 1e-12);
        EXPECT_LT(largest_difference(shrunk.value, reference.pairs("ref_ledoitwolf")), 1e-10);
        EXPECT_LT(largest_difference(same.value, reference.pairs("ref_ledoitwolf")), 1e-10);
        EXPECT_NEAR(calcium::connectome_of(shrunk.value).threshold,
                    io::read_attribute<double>(reference.group, "ref_ledoitwolf_th_a2"), 1e-10);
    }
}

TEST_F(ConnectomeReference, LedoitWolfStepsInWhereAsked)
{
    const auto reference = Case(file_, "T_lt_N");

    const auto result = calcium::partial_correlation(reference.activity.view(),
                                                     {.when_singular = WhenSingular::ledoit_wolf});

    EXPECT_EQ(result.status, PartialCorrelationStatus::too_few_frames);
    EXPECT_LT(largest_difference(result.value, reference.pairs("ref_ledoitwolf")), 1e-10);
}

TEST_F(ConnectomeReference, NetworksAndEdgesForThreeThresholds)
{
    for (const auto& name : well_conditioned) {
        SCOPED_TRACE(name);
        const auto reference = Case(file_, name);
        const auto stored = reference.pairs("pcorr");
        for (const auto alpha : {1, 2, 3}) {
            const auto net = reference.pairs("net_a" + std::to_string(alpha));
            const auto edges = "edges_a" + std::to_string(alpha);

            const auto connectome = calcium::connectome_of(stored, alpha);

            EXPECT_EQ(connectome.edges, io::shape_of(io::open_dataset(reference.group, edges))[0]);
            for (std::size_t pair = 0; pair < net.size(); ++pair)
                EXPECT_EQ(connectome.edge[pair] != 0, net[pair] != 0);
        }
    }
}
