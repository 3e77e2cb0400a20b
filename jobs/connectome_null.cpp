#include "connectome_null.hpp"
namespace rewire::jobs {
std::vector<std::optional<ConnectomeNull>> surrogates_of(job::RunContext&, const io::Study&, const std::vector<SessionInput>&, const std::vector<std::size_t>& sessions, const WaveActivity&, const ConnectomeSettings&, const std::string&)
{ return std::vector<std::optional<ConnectomeNull>>(sessions.size()); }
} // namespace rewire::jobs
