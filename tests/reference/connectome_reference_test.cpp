#include "activity_rows.hpp"
#include "shared_data.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/partition.hpp>
#include <rewire/calcium/connectome.hpp>
#include <rewire/calcium/partial_correlation.hpp>
#include <rewire/io/hdf5.hpp>

#include <Eigen/Dense>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rewire;
using calcium::PartialCorrelationStatus;
using calcium::WhenSingular;

namespace {

std::size_t at(std::int64_t i)
{
    return static_cast<std::size_t>(i);
}

/// One case of the file. What is expected of it follows from what the file holds: an inverse over
/// the active neurons (`ref_inv`) where there is one, and FARCI's own result (`pcorr`) where the
/// covariance of all neurons has a usable inverse.
struct Case
{
    std::string name;
    io::Handle group;
    std::int64_t neurons = 0;
    std::int64_t frames = 0;
    std::vector<double> traces; ///< [neurons, frames]
    activity::Activity activity;
    std::vector<std::uint8_t> active; ///< [neurons]

    Case(const io::Handle& file, const std::string& name_)
        : name(name_), group(io::open_group(file, name_))
    {
        const auto shape = io::shape_of(io::open_dataset(group, "spikes_smooth"));
        neurons = shape[0];
        frames = shape[1];
        traces = io::read_all<double>(group, "spikes_smooth");
        activity = test::sparse_of(traces, frames);
        active = io::read_all<std::uint8_t>(group, "ref_active");
    }

    bool has_inverse() const { return io::exists(group, "ref_inv"); }
    bool farci_has_inverse() const { return number("cov_rcond") > 1e-12; }
    double number(const std::string& attribute) const
    {
        return io::read_attribute<double>(group, attribute);
    }
    std::int64_t active_count() const { return std::count(active.begin(), active.end(), 1); }

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

    /// Covariance of the active neurons, straight from the traces.
    Eigen::MatrixXd covariance() const
    {
        Eigen::MatrixXd rows(active_count(), frames);
        for (std::int64_t n = 0, row = 0; n < neurons; ++n)
            if (active[at(n)] != 0)
                rows.row(row++) = Eigen::Map<const Eigen::RowVectorXd>(
                    traces.data() + n * frames, static_cast<Eigen::Index>(frames));
        rows.colwise() -= rows.rowwise().mean();
        return rows * rows.transpose() / static_cast<double>(frames);
    }

    /// Both sides invert the same matrix in double precision: they differ by the rounding of an
    /// inversion, which grows with the condition. Eigenvalues that are 0 but for rounding (of a
    /// pseudo-inverse) do not count.
    double tolerance(double shrinkage = 0) const
    {
        const Eigen::MatrixXd matrix = covariance();
        const auto target = matrix.trace() / static_cast<double>(matrix.rows());
        const Eigen::VectorXd value =
            Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(matrix).eigenvalues() * (1 - shrinkage) +
            Eigen::VectorXd::Constant(matrix.rows(), shrinkage * target);
        auto smallest = value.maxCoeff();
        for (const auto v : value)
            if (v > 1e-13 * value.maxCoeff())
                smallest = std::min(smallest, v);
        return 16 * static_cast<double>(matrix.rows()) * std::numeric_limits<double>::epsilon() *
               value.maxCoeff() / smallest;
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

    /// Calls check(case) for every case of the file that `wanted` holds for: one at least.
    template <typename Wanted, typename Check>
    void for_cases(const Wanted& wanted, const Check& check) const
    {
        auto checked = 0;
        for (const auto& name : io::children(file_)) {
            const auto reference = Case(file_, name);
            if (!wanted(reference))
                continue;
            SCOPED_TRACE(name);
            check(reference);
            ++checked;
        }
        EXPECT_GT(checked, 0);
    }

    io::Handle file_;
};

bool any(const Case&)
{
    return true;
}
bool regular(const Case& reference)
{
    return reference.farci_has_inverse();
}
bool singular(const Case& reference)
{
    return !reference.has_inverse();
}

} // namespace

TEST_F(ConnectomeReference, PartialCorrelationsAreFarcisWhereFarciHasThem)
{
    for_cases(regular, [](const Case& reference) {
        for (const auto kind : {calcium::Accumulation::automatic, calcium::Accumulation::sparse,
                                calcium::Accumulation::dense}) {
            const auto result =
                calcium::partial_correlation(reference.activity.view(), {.accumulation = kind});

            EXPECT_EQ(result.status, PartialCorrelationStatus::ok);
            EXPECT_LT(largest_difference(result.value, reference.pairs("pcorr")),
                      reference.tolerance());
        }
    });
}

TEST_F(ConnectomeReference, ActiveNeurons)
{
    for_cases(any, [](const Case& reference) {
        const auto result = calcium::partial_correlation(reference.activity.view());

        EXPECT_EQ(result.active, reference.active);
    });
}

TEST_F(ConnectomeReference, InverseOverTheActiveNeurons)
{
    for_cases([](const Case& reference) { return reference.has_inverse(); },
              [](const Case& reference) {
                  const auto result = calcium::partial_correlation(reference.activity.view());
                  const auto connectome = calcium::connectome_of(result.value);

                  EXPECT_EQ(result.status, PartialCorrelationStatus::ok) << result.status_text;
                  EXPECT_LT(largest_difference(result.value, reference.pairs("ref_inv")),
                            reference.tolerance());
                  EXPECT_NEAR(connectome.threshold, reference.number("ref_inv_th_a2"),
                              3 * reference.tolerance());
              });
}

TEST_F(ConnectomeReference, SingularCasesAreFlagged)
{
    for_cases(singular, [](const Case& reference) {
        const auto result = calcium::partial_correlation(reference.activity.view());
        const auto connectome = calcium::connectome_of(result.value);

        EXPECT_EQ(result.status, reference.frames <= reference.active_count()
                                     ? PartialCorrelationStatus::too_few_frames
                                     : PartialCorrelationStatus::ill_conditioned);
        EXPECT_FALSE(result.status_text.empty());
        const auto inactive_pairs =
            base::pair_count(reference.neurons) - base::pair_count(reference.active_count());
        EXPECT_EQ(std::count(result.value.begin(), result.value.end(), 0.0), inactive_pairs);
        EXPECT_EQ(connectome.edges, 0);
        EXPECT_TRUE(std::isnan(connectome.threshold));
        EXPECT_THROW(calcium::partial_correlation(reference.activity.view(),
                                                  {.when_singular = WhenSingular::error}),
                     base::NumericalError);
    });
}

TEST_F(ConnectomeReference, PseudoInverse)
{
    for_cases(any, [](const Case& reference) {
        const auto result = calcium::partial_correlation(
            reference.activity.view(), {.when_singular = WhenSingular::pseudo_inverse});
        const auto connectome = calcium::connectome_of(result.value);

        EXPECT_LT(largest_difference(result.value, reference.pairs("ref_pinv")),
                  reference.tolerance());
        EXPECT_NEAR(connectome.threshold, reference.number("ref_pinv_th_a2"),
                    3 * reference.tolerance());
    });
}

TEST_F(ConnectomeReference, LedoitWolf)
{
    for_cases(any, [](const Case& reference) {
        const auto expected = reference.number("ledoitwolf_shrinkage");
        const auto tolerance = reference.tolerance(expected);

        const auto shrunk = calcium::partial_correlation(
            reference.activity.view(),
            {.shrinkage = {.kind = calcium::Shrinkage::Kind::ledoit_wolf}});
        const auto same = calcium::partial_correlation(
            reference.activity.view(),
            {.shrinkage = {.kind = calcium::Shrinkage::Kind::fixed, .value = expected}});

        EXPECT_EQ(shrunk.status, PartialCorrelationStatus::ok);
        EXPECT_NEAR(shrunk.shrinkage, expected, 1e-12);
        EXPECT_LT(largest_difference(shrunk.value, reference.pairs("ref_ledoitwolf")), tolerance);
        EXPECT_LT(largest_difference(same.value, reference.pairs("ref_ledoitwolf")), tolerance);
        EXPECT_NEAR(calcium::connectome_of(shrunk.value).threshold,
                    reference.number("ref_ledoitwolf_th_a2"), 3 * tolerance);
    });
}

TEST_F(ConnectomeReference, LedoitWolfReplacesTheInverseWhereAsked)
{
    for_cases(singular, [](const Case& reference) {
        const auto result = calcium::partial_correlation(
            reference.activity.view(), {.when_singular = WhenSingular::ledoit_wolf});

        EXPECT_NE(result.status, PartialCorrelationStatus::ok);
        EXPECT_LT(largest_difference(result.value, reference.pairs("ref_ledoitwolf")),
                  reference.tolerance(reference.number("ledoitwolf_shrinkage")));
    });
}

TEST_F(ConnectomeReference, NetworksAndEdgesForEveryThreshold)
{
    for_cases(regular, [](const Case& reference) {
        const auto stored = reference.pairs("pcorr");
        for (auto alpha = 1; io::exists(reference.group, fmt::format("net_a{}", alpha)); ++alpha) {
            SCOPED_TRACE(alpha);
            const auto net = reference.pairs(fmt::format("net_a{}", alpha));
            const auto edges = io::open_dataset(reference.group, fmt::format("edges_a{}", alpha));

            const auto connectome = calcium::connectome_of(stored, alpha);

            EXPECT_EQ(connectome.edges, io::shape_of(edges)[0]);
            for (std::size_t pair = 0; pair < net.size(); ++pair)
                EXPECT_EQ(connectome.edge[pair] != 0, net[pair] != 0);
        }
    });
}
