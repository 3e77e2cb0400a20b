// L-BFGS of one rank.
#include <rewire/base/error.hpp>
#include <rewire/linalg/minimise.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

using namespace rewire;

TEST(Minimise, FindsTheMinimumOfAQuadratic)
{
    const auto found = linalg::minimise(
        [](std::span<const double> x, std::span<double> gradient) {
            auto value = 0.0;
            for (std::size_t k = 0; k < x.size(); ++k) {
                const auto curvature = 1.0 + static_cast<double>(k);
                const auto away = x[k] - static_cast<double>(k);
                value += 0.5 * curvature * away * away;
                gradient[k] = curvature * away;
            }
            return value;
        },
        std::vector<double>(20, 5.0));

    EXPECT_LE(found.gradient_norm, 1e-7);
    for (std::size_t k = 0; k < found.at.size(); ++k)
        EXPECT_NEAR(found.at[k], static_cast<double>(k), 1e-7);
}

TEST(Minimise, ErrorsOfTheFunctionComeThrough)
{
    EXPECT_THROW(linalg::minimise([](std::span<const double>, std::span<double>)
                                      -> double { throw base::InputError("as planned", "", ""); },
                                  {1.0}),
                 base::InputError);
    EXPECT_THROW(
        linalg::minimise([](std::span<const double>, std::span<double>) { return NAN; }, {1.0}),
        base::NumericalError);
    EXPECT_THROW(
        linalg::minimise([](std::span<const double>, std::span<double>) { return 0.0; }, {}),
        base::InputError);
}
