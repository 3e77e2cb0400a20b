#include "rewire/runtime/options.hpp"

#include "option_value.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

namespace rewire::runtime {

namespace po = boost::program_options;

namespace {

std::string help_hint(const std::string& job)
{
    return fmt::format("`rewire {} --help` lists the options", job);
}

po::options_description boost_options(const std::vector<Option>& declared)
{
    auto description = po::options_description{};
    for (const auto& option : declared) {
        if (option.kind == OptionKind::flag)
            description.add_options()(option.name.c_str(), po::bool_switch(), "");
        else
            description.add_options()(option.name.c_str(), po::value<std::vector<std::string>>(),
                                      "");
    }
    return description;
}

[[noreturn]] void unknown_option(const std::string& job, const std::vector<Option>& declared,
                                 std::string word, const std::string& where)
{
    word.erase(0, word.find_first_not_of('-'));
    word = word.substr(0, word.find('='));
    auto names = std::vector<std::string>{};
    for (const auto& option : declared)
        names.push_back(option.name);
    const auto meant = base::nearest(word, names);
    throw base::UsageError(fmt::format("unknown option --{}", word), where,
                           meant.empty() ? help_hint(job)
                                         : fmt::format("did you mean --{}?", meant));
}

/// Runs a Boost parser and turns its exceptions into ours.
template <typename Parse>
auto parsed(const std::string& job, const std::vector<Option>& declared, const std::string& where,
            Parse parse)
{
    try {
        return parse();
    } catch (const po::unknown_option& error) {
        unknown_option(job, declared, error.get_option_name(), where);
    } catch (const po::too_many_positional_options_error&) {
        throw base::UsageError("too many words without an option name", where, help_hint(job));
    } catch (const po::error& error) {
        throw base::UsageError(error.what(), where, help_hint(job));
    }
}

/// The text of the configuration file. @throws UsageError
std::istringstream config_text(const std::string& path)
{
    constexpr auto longest = std::uintmax_t{1} << 20;
    auto error = std::error_code{};
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status))
        throw base::UsageError("cannot open the configuration file", path, "check the path");
    if (!std::filesystem::is_regular_file(status))
        throw base::UsageError("the configuration file is a folder or a device", path,
                               "give a text file of `option = value` lines");
    if (std::filesystem::file_size(path, error) > longest || error)
        throw base::UsageError("the configuration file is larger than 1 MB", path,
                               "give a text file of `option = value` lines");
    auto file = std::ifstream(path);
    auto text = std::stringstream{};
    text << file.rdbuf();
    if (!file)
        throw base::UsageError("cannot read the configuration file", path, "check its permissions");
    return std::istringstream(text.str());
}

const Option& find(const std::vector<Option>& declared, const std::string& name)
{
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const Option& option) { return option.name == name; });
    if (found == declared.end())
        throw base::Error(base::ExitCode::bug, "option --" + name + " is not declared", "",
                          "please report this");
    return *found;
}

} // namespace

bool Options::flag(const std::string& name) const
{
    return !values(name).empty() && values(name).front() == "yes";
}

bool Options::given(const std::string& name) const
{
    find(declared_, name);
    const auto found = given_.find(name);
    return found != given_.end() && found->second;
}

bool Options::declared(const std::string& name) const
{
    return std::any_of(declared_.begin(), declared_.end(),
                       [&](const Option& option) { return option.name == name; });
}

bool Options::has(const std::string& name) const
{
    return !values(name).empty();
}

const std::vector<std::string>& Options::values(const std::string& name) const
{
    static const auto none = std::vector<std::string>{};
    find(declared_, name);
    const auto found = values_.find(name);
    return found == values_.end() ? none : found->second;
}

std::string Options::text(const std::string& name) const
{
    const auto& all = values(name);
    return all.empty() ? std::string{} : all.front();
}

std::vector<std::string> Options::texts(const std::string& name) const
{
    return values(name);
}
std::filesystem::path Options::path(const std::string& name) const
{
    return text(name);
}
std::int64_t Options::integer(const std::string& name) const
{
    return whole_number(find(declared_, name), text(name));
}
double Options::real(const std::string& name) const
{
    return real_number(find(declared_, name), text(name));
}

std::vector<double> Options::reals(const std::string& name) const
{
    auto numbers = std::vector<double>{};
    for (const auto& text : values(name))
        numbers.push_back(real_number(find(declared_, name), text));
    return numbers;
}

void Options::adopt(const std::string& name, const std::string& value)
{
    check_value(find(declared_, name), value);
    values_[name] = {normalised(find(declared_, name), value)};
}

io::Fingerprint Options::all() const
{
    auto fields = io::Fingerprint{};
    for (const auto& option : declared_)
        fields.emplace_back(option.name, base::joined(values(option.name), " "));
    return fields;
}

io::Fingerprint Options::result_changing() const
{
    auto fields = io::Fingerprint{};
    for (const auto& option : declared_)
        if (option.changes_result)
            fields.emplace_back("--" + option.name, base::joined(values(option.name), " "));
    return fields;
}

Options parse_options(const std::string& job, const std::vector<Option>& declared,
                      const std::vector<std::string>& words)
{
    const auto description = boost_options(declared);
    auto positional = po::positional_options_description{};
    for (const auto& option : declared)
        if (option.positional)
            positional.add(option.name.c_str(), 1);

    auto map = po::variables_map{};
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(parsed(job, declared, "",
                     [&] {
                         return po::command_line_parser(words)
                             .options(description)
                             .positional(positional)
                             .style(style)
                             .run();
                     }),
              map);
    if (map.count("config") != 0U) {
        const auto config = map["config"].as<std::vector<std::string>>().front();
        auto file = config_text(config);
        auto from_file = po::variables_map{};
        const auto lines =
            parsed(job, declared, config, [&] { return po::parse_config_file(file, description); });
        po::store(lines, map);
    }

    auto options = Options{};
    options.declared_ = declared;
    for (const auto& option : declared) {
        auto& values = options.values_[option.name];
        const auto& value = map[option.name];
        if (option.kind == OptionKind::flag) {
            values = {!value.empty() && value.as<bool>() ? "yes" : "no"};
            options.given_[option.name] = values.front() == "yes";
            continue;
        }
        if (!value.empty())
            values = value.as<std::vector<std::string>>();
        options.given_[option.name] = !values.empty();
        if (values.size() > 1 && !option.repeatable)
            throw base::UsageError(
                fmt::format("--{} is given {} times", option.name, values.size()), "",
                "give it once");
        if (values.empty() && !option.default_value.empty())
            values = base::split(option.default_value, ' ');
        if (values.empty() && option.required)
            throw base::UsageError(
                fmt::format("--{} is missing", option.name), "",
                fmt::format("{}{}", option.help,
                            option.unit.empty() ? "" : " (" + option.unit + ")"));
        for (auto& text : values) {
            check_value(option, text);
            text = normalised(option, text);
        }
    }
    return options;
}

} // namespace rewire::runtime
