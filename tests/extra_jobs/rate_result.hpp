#pragma once

#include "jobs/frame/entry.hpp"
#include "jobs/frame/session_results.hpp"

#include <string>
#include <vector>

/// Rates of the units or neurons of a session: result, table, section of the page.
namespace rewire::test {

struct SessionRates
{
    jobs::SessionHead head;
    double tau_s = 0;
    std::vector<std::string> id;
    std::vector<double> rate_hz; ///< [id]
};

void write_rates(const io::ResultFile& file, const std::string& axis, const SessionRates& session);
SessionRates read_rates(const io::Handle& file, const std::string& axis,
                        const jobs::SessionName& name);

jobs::ExportTable rate_table(const std::string& job, const std::string& axis);
jobs::PageEntry rate_page(const std::string& job, const std::string& axis);

} // namespace rewire::test
