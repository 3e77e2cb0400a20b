#pragma once

#include "jobs/frame/session_results.hpp"
#include "settings.hpp"

#include <rewire/io/result_file.hpp>
#include <rewire/runtime/run_context.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rewire::jobs {

/// Which pairs are wanted, by the ids of their units.
class WantedPairs
{
  public:
    using Ids = std::pair<std::string, std::string>; ///< the unit that leads first

    /// @throws InputError: no such file or result, a line without two units
    WantedPairs(const runtime::RunContext& context, const JpsthJobSettings& settings);

    /// Each pair once, in either order, as first named.
    const std::vector<Ids>& of(const SessionName& session) const;
    /// A number that differs where the pairs of the session do.
    double digest(const SessionName& session) const;
    /// The result that they are from; empty for a file.
    const std::map<std::string, io::Upstream>& upstream() const { return upstream_; }

  private:
    void read_file(const std::filesystem::path& path);
    void read_result(const std::filesystem::path& path);

    std::map<SessionName, std::vector<Ids>> named_;
    std::vector<Ids> everywhere_; ///< of lines that name no session
    bool by_session_ = true;
    std::map<std::string, io::Upstream> upstream_;
};

/// Pairs over the units of a session.
struct SessionPairs
{
    std::vector<std::pair<std::int32_t, std::int32_t>> pair;
    std::int64_t left_out = 0; ///< of units that were not chosen
};
SessionPairs pairs_among(const std::vector<WantedPairs::Ids>& wanted,
                         const std::vector<std::string>& unit_id);

} // namespace rewire::jobs
