#include "planted_edges.hpp"

#include <vector>

namespace rewire::jobs {

PlantedEdges::PlantedEdges(PlantedConnections truth) : truth_(std::move(truth))
{
    auto targets = std::map<std::string, std::vector<std::string>>{};
    for (std::size_t k = 0; k < truth_.pre.size(); ++k) {
        const auto pre = std::to_string(truth_.pre[k]);
        const auto post = std::to_string(truth_.post[k]);
        connection_[{pre, post}] = k;
        targets[pre].push_back(post);
    }
    const auto add = [&](const std::string& a, const std::string& b) {
        if (a != b && !connection_.contains({a, b}) && !connection_.contains({b, a})) {
            indirect_.emplace(a, b);
            indirect_.emplace(b, a);
        }
    };
    for (const auto& [pre, posts] : targets)
        for (const auto& post : posts) {
            for (const auto& other : posts)
                add(post, other);
            if (const auto next = targets.find(post); next != targets.end())
                for (const auto& last : next->second)
                    add(pre, last);
        }
}

EdgeKind PlantedEdges::kind_of(const std::string& pre, const std::string& post, double time_s) const
{
    if (const auto found = connection_.find({pre, post}); found != connection_.end())
        return is_active(found->second, time_s) ? EdgeKind::active : EdgeKind::inactive;
    return connection_.contains({post, pre}) ? EdgeKind::reverse
           : indirect_.contains({pre, post}) ? EdgeKind::indirect
                                             : EdgeKind::none;
}

bool PlantedEdges::is_active(std::size_t connection, double time_s) const
{
    if (!truth_.has_windows())
        return true;
    const auto inside =
        time_s >= truth_.active_start_s[connection] && time_s < truth_.active_stop_s[connection];
    return inside == (truth_.active_inside[connection] != 0);
}

} // namespace rewire::jobs
