#pragma once

#include <span>

/// Classical tests of means over animals or trials. Values that are NaN make the result NaN: leave
/// them out before, and say how many.
namespace rewire::stats {

enum class Alternative
{
    two_sided,
    greater, ///< the first sample (or the difference) is larger
    less,
};

struct TestResult
{
    double statistic = 0;
    double degrees_of_freedom = 0;
    double p_value = 1;
};

/// Two-sample Student t with pooled variance.
/// NaN statistic and p with fewer than three values in all, with an empty sample, or where both
/// samples are constant and equal; constant and different: infinite statistic.
TestResult two_sample_t(std::span<const double> first, std::span<const double> second,
                        Alternative alternative = Alternative::two_sided);

/// Paired Student t of first[k] - second[k]. NaN below two pairs or where all differences are 0.
/// @throws InputError: samples of different size
TestResult paired_t(std::span<const double> first, std::span<const double> second,
                    Alternative alternative = Alternative::two_sided);

/// The standard normal score with the same tail as Student's t with so many degrees of freedom;
/// within +-38, where tails are no longer a double. NaN for a NaN.
double normal_score_of_t(double statistic, double degrees_of_freedom);

/// Area under the ROC curve: P(a value of the first sample is larger than one of the second), ties
/// counted half. NaN where either is empty. O(n log n). @pre no NaN
double roc_area(std::span<const double> first, std::span<const double> second);

/// Mean and standard error of the mean (standard deviation with n - 1, over sqrt(n)). Mean NaN for
/// no values, standard error NaN below two.
struct MeanError
{
    double mean = 0;
    double standard_error = 0;
    std::size_t count = 0;
};
MeanError mean_and_error(std::span<const double> values);

} // namespace rewire::stats
