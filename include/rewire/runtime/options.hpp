#pragma once

#include <rewire/io/checkpoint.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace rewire::runtime {

enum class OptionKind
{
    flag,
    text,
    path,
    integer,
    real
};

/// One option of a job, declared once: the command line, the configuration file, the help, the
/// checks and the record in the result all follow from it.
struct Option
{
    std::string name; ///< without the dashes
    OptionKind kind = OptionKind::text;
    std::string default_value; ///< as typed; empty: none
    std::string unit;          ///< "s", "frames", ...; empty: none
    std::string help;
    std::string source; ///< paper section or method
    /// Of a number, both included. What is not declared is what is sane for the unit (s, ms, Hz,
    /// GB, sd, frames) and else for the kind: 1e9 for whole numbers, 1e12 for others, of either
    /// sign.
    double minimum = -std::numeric_limits<double>::infinity();
    double maximum = std::numeric_limits<double>::infinity();
    std::vector<std::string> choices; ///< of a text; empty: any
    bool required = false;
    bool repeatable = false;
    bool changes_result = true;     ///< part of the digest of checkpoint and result
    bool reaches_later_jobs = true; ///< changes what jobs that read the result compute from it
    std::string placeholder; ///< stands for the value in commands that name the job and need it
    bool positional = false; ///< also taken as the word after the job's name
};

/// For the `maximum` of a seed.
inline constexpr double largest_seed = 9e18;

/// The values a run goes by: command line, then configuration file, then default.
class Options
{
  public:
    bool flag(const std::string& name) const;
    bool declared(const std::string& name) const; ///< the job has such an option
    bool given(const std::string& name) const; ///< on the command line or in the configuration file
    bool has(const std::string& name) const;   ///< given, or has a default
    std::string text(const std::string& name) const;
    std::vector<std::string> texts(const std::string& name) const; ///< of a repeatable option
    std::filesystem::path path(const std::string& name) const;
    std::int64_t integer(const std::string& name) const;
    double real(const std::string& name) const;
    std::vector<double> reals(const std::string& name) const;

    /// Sets the value of an option that was not given.
    void adopt(const std::string& name, const std::string& value);

    io::Fingerprint all() const; ///< every option and its value, in the order declared
    io::Fingerprint result_changing() const;

  private:
    friend Options parse_options(const std::string&, const std::vector<Option>&,
                                 const std::vector<std::string>&);

    const std::vector<std::string>& values(const std::string& name) const;

    std::vector<Option> declared_;
    std::map<std::string, std::vector<std::string>> values_;
    std::map<std::string, bool> given_;
};

/// Parses and checks the words after the job's name. Whole numbers may be typed as 1e3 and are kept
/// as 1000.
/// @throws UsageError: unknown option (with the nearest known one), missing or repeated option, not
/// a number (0,7 is answered with 0.7), out of range, not one of the choices; the configuration
/// file
/// (`name = value` lines, # comments; a file of 1 MB at most) is checked the same way
Options parse_options(const std::string& job, const std::vector<Option>& declared,
                      const std::vector<std::string>& words);

/// Of jobs that read a study: --study --results --subject --session.
std::vector<Option> selection_options();

/// Of jobs that compute for long and write a result: --seed --overwrite --restart --checkpoint-s
/// --node-memory-gb --ignore-memory.
std::vector<Option> computing_options();

/// Of all jobs: --config --help.
std::vector<Option> program_options();

/// All of these, in this order.
std::vector<Option> common_options();

/// Help text of a list of options, wrapped at 100 columns.
std::string describe_options(const std::vector<Option>& options);

} // namespace rewire::runtime
