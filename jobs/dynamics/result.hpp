#pragma once

#include "blocks.hpp"
#include "jobs/frame/session_results.hpp"
#include "jobs/recording/areas.hpp"
#include "sweep.hpp"

#include <rewire/io/result_file.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// dynamics.h5: one group a session, /SUBJECT/SESSION/. Edges as in the result of the model.
namespace rewire::jobs {

inline constexpr auto dynamics_name = "dynamics"; ///< of the job that writes it

/// Everything but the arrays over time.
struct DynamicsResult
{
    SessionHead head;
    double bin_ms = 0;
    double lambda = 0;
    double ratio_threshold = 0;
    double tost_margin = 0;
    double smooth_ms = 0; ///< SD of a Gaussian over courses of which components are counted
    std::int64_t smoothed_bins = 0;
    std::string averaged_over;
    std::string edge_source;   ///< "all", "static", "table"
    std::int64_t compared = 0; ///< edges with a joint histogram
    std::vector<std::string> unit_id;
    std::vector<std::int32_t> sender; ///< [edge] index of the unit
    std::vector<std::int32_t> receiver;
    std::vector<double> time_s;            ///< start of each bin
    std::vector<double> functional_lag_ms; ///< [edge]
    std::vector<float> static_weight;      ///< [edge] there
    std::vector<double> pearson;
    std::vector<double> difference;
    std::vector<double> tost_p;
    std::vector<double> q_max; ///< [edge]; empty: no null models
    std::vector<CourseDimension> dimension;
    AreaDelays areas;                ///< empty: no area is known
    std::vector<double> feedforward; ///< [bin] empty: no edges up and down the hierarchy
    std::vector<double> feedback;
    Sweep sweep;

    std::int64_t edges() const noexcept { return static_cast<std::int64_t>(sender.size()); }
    std::int64_t bins() const noexcept { return static_cast<std::int64_t>(time_s.size()); }
};

/// Writes the group of one session. Rank 0.
class DynamicsWriter
{
  public:
    DynamicsWriter(const io::ResultFile& file, const SessionHead& head, const DynamicResult& model,
                   const DynamicsSettings& settings);

    /// The next edges, in their order.
    void add(const EdgeDynamics& block);
    /// Tests of the model's null models, as they are in its result; nothing without them.
    void add_tests(const EdgeTests& tests) const;
    /// What is said of all edges together.
    void finish(const std::vector<CourseDimension>& dimensions);

    const io::Handle& group() const noexcept { return group_; }
    /// [edge, bin] of all blocks so far.
    const std::vector<float>& weight() const noexcept { return weight_; }
    const std::vector<float>& weight_alone() const noexcept { return weight_alone_; }
    std::int64_t present() const noexcept { return present_; } ///< edges and bins
    std::int64_t known() const noexcept { return known_; }     ///< that have a ratio
    /// Of the edges that were compared; NaN for none.
    double mean_pearson() const;
    std::int64_t compared() const noexcept { return compared_; }

  private:
    void write_axes(const DynamicResult& model) const;
    void make_arrays() const;

    io::Handle group_;
    std::int64_t bins_ = 0;
    std::vector<float> weight_;
    std::vector<float> weight_alone_;
    std::int64_t present_ = 0;
    std::int64_t known_ = 0;
    std::int64_t compared_ = 0;
    double pearson_sum_ = 0;
};

/// A session whose model says in its status why there is none. Rank 0. @return its group
io::Handle write_without_model(const io::ResultFile& file, const SessionHead& head);

/// Without anything but the head where the status is not ok.
DynamicsResult read_dynamics(const io::Handle& file, const SessionName& name);

/// [edge, bin] of some edges.
template <typename T>
std::vector<T> read_courses(const io::Handle& file, const DynamicsResult& result,
                            const std::string& array, base::Range edges)
{
    const auto group = io::open_group(file, result.head.subject + "/" + result.head.session);
    auto values = std::vector<T>(static_cast<std::size_t>(edges.size() * result.bins()));
    io::read_block<T>(io::open_dataset(group, array), {edges.first, 0},
                      {edges.size(), result.bins()}, values);
    return values;
}

} // namespace rewire::jobs
