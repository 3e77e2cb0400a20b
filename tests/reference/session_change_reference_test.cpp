#include "shared_data.hpp"

#include <rewire/io/hdf5.hpp>
#include <rewire/network/session_change.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

using namespace rewire;
using namespace rewire::network;

namespace {

constexpr auto tolerance = 1e-9;

SessionBlock matrix_of(const io::Handle& group, const std::string& name)
{
    const auto shape = io::shape_of(io::open_dataset(group, name));
    const auto values = io::read_all<double>(group, name);
    return Eigen::Map<const SessionBlock>(values.data(), shape.at(0), shape.at(1));
}

void expect_near(double ours, double theirs, const std::string& what)
{
    if (std::isnan(theirs))
        EXPECT_TRUE(std::isnan(ours)) << what << ": " << ours;
    else
        EXPECT_NEAR(ours, theirs, tolerance) << what;
}

void expect_same(const Eigen::MatrixXd& ours, const io::Handle& group, const std::string& name)
{
    const auto theirs = io::read_all<double>(group, name);
    ASSERT_EQ(static_cast<std::size_t>(ours.size()), theirs.size()) << name;
    for (Eigen::Index i = 0; i < ours.rows(); ++i)
        for (Eigen::Index j = 0; j < ours.cols(); ++j)
            expect_near(ours(i, j), theirs[static_cast<std::size_t>(i * ours.cols() + j)], name);
}

class SessionChangeReference : public testing::TestWithParam<std::string>
{
  protected:
    void SetUp() override
    {
        const auto path = test::shared_data("reference/calcium/i_network_change.h5");
        if (path.empty())
            GTEST_SKIP() << test::skipped_reference;
        file_ = io::open_for_reading(path);
        group_ = io::open_group(file_, GetParam());
        a_ = matrix_of(group_, "a");
        b_ = matrix_of(group_, "b");
        position_.resize(static_cast<std::size_t>(a_.rows()));
        std::iota(position_.begin(), position_.end(), 0);
    }

    double stored(const char* name) const { return io::read_attribute<double>(group_, name); }
    bool has(const char* name) const { return io::has_attribute(group_, name); }

    io::Handle file_;
    io::Handle group_;
    SessionBlock a_, b_;
    std::vector<std::int64_t> position_;
};

} // namespace

TEST_P(SessionChangeReference, similarity_distance_and_reliability)
{
    const auto found = session_similarity(half_sums(a_, b_));

    expect_same(found.similarity, group_, "similarity");
    if (io::exists(group_, "distance"))
        expect_same(found.distance, group_, "distance");
    if (io::exists(group_, "reliability"))
        expect_same(found.reliability, group_, "reliability");
    if (has("signal_to_error"))
        expect_near(found.signal_to_error.minCoeff(), stored("signal_to_error"), "G over SE");
}

TEST_P(SessionChangeReference, sums_of_blocks_add_up)
{
    auto sums = HalfSums(a_.rows());
    for (Eigen::Index first = 0; first < a_.cols(); first += 7) {
        const auto count = std::min<Eigen::Index>(7, a_.cols() - first);
        sums += half_sums(a_.middleCols(first, count), b_.middleCols(first, count));
    }

    expect_same(session_similarity(sums).similarity, group_, "similarity");
}

TEST_P(SessionChangeReference, path)
{
    if (!has("bend"))
        GTEST_SKIP() << "no path of so few sessions";
    const auto found = session_similarity(half_sums(a_, b_));

    const auto displacement = mean_squared_displacement(found.distance, position_);

    expect_same(displacement, group_, "mean_squared_displacement");
    expect_near(bend_of(displacement), stored("bend"), "bend");
    expect_near(exponent_of(displacement), stored("exponent"), "exponent");
    expect_near(found.distance(0, a_.rows() - 1), stored("first_to_last"), "first to last");
    auto lag = Eigen::Index{0};
    displacement.maxCoeff(&lag);
    EXPECT_EQ(lag + 1, io::read_attribute<std::int64_t>(group_, "largest_lag"));
}

TEST_P(SessionChangeReference, mantel_of_the_stored_orders)
{
    if (!has("mantel"))
        GTEST_SKIP() << "no test of so few sessions";
    const auto distance = session_similarity(half_sums(a_, b_)).distance;
    const auto sessions = static_cast<std::size_t>(a_.rows());
    const auto orders = io::read_all<std::int64_t>(group_, "order");
    const auto theirs = io::read_all<double>(group_, "mantel_of_order");
    ASSERT_EQ(orders.size(), sessions * theirs.size());

    const auto observed = mantel_correlation(distance, position_, position_);
    auto ours = std::vector<double>{};
    for (std::size_t k = 0; k < theirs.size(); ++k)
        ours.push_back(mantel_correlation(distance, position_,
                                          std::span(orders).subspan(k * sessions, sessions)));

    expect_near(observed, stored("mantel"), "mantel");
    for (std::size_t k = 0; k < theirs.size(); ++k)
        expect_near(ours[k], theirs[k], "mantel of an order");
    EXPECT_DOUBLE_EQ(mantel_p(observed, ours), stored("mantel_p"));
}

INSTANTIATE_TEST_SUITE_P(Cases, SessionChangeReference,
                         testing::Values("constant", "attenuated", "walk", "directed",
                                         "out_and_back", "three_sessions"),
                         [](const auto& one) { return one.param; });
