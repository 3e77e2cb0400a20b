#pragma once

#include "jobs/dynetcp_dynamic/result.hpp"
#include "jobs/jpsth/result.hpp"

#include <rewire/base/error.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

/// The joint histograms of a session beside the edges of its model.
class EdgeHistograms
{
  public:
    /// @param file jpsth.h5 @param records of both results
    /// @throws InputError: other bins, another number of trials, another alignment or recording
    /// than the model's, or a band narrower than its lags
    EdgeHistograms(const io::Handle& file, const std::map<std::string, io::Record>& records,
                   const DynamicResult& model);

    /// @param unit_columns of the recording: conditions of --where on other columns choose trials
    /// @throws InputError: they are others than those of the model
    void require_same_choice(const std::map<std::string, io::Record>& records,
                             const std::vector<std::string>& unit_columns) const;

    /// Share of the trials in which the receiver fires at t and the sender at t - d, [bin, lag];
    /// NaN for t < d. Nothing: the pair is not in the result, in either order.
    std::optional<std::vector<double>> joint(std::int64_t edge) const;
    /// Share of the trials in which the sender fires, [bin].
    const std::vector<double>& sender(std::int64_t edge) const;

  private:
    void check(const std::map<std::string, io::Record>& records) const;
    base::InputError of_other_trials(const std::string& there, const std::string& here) const;
    std::int64_t trials() const; ///< of the model

    const io::Handle& file_;
    const DynamicResult& model_;
    JpsthSession session_;
    std::map<std::pair<std::string, std::string>, std::int64_t> pair_; ///< by ids of units, i first
    std::map<std::string, std::vector<double>> psth_;                  ///< by id
};

} // namespace rewire::jobs
