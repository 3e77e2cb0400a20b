#include "rewire/runtime/options.hpp"

#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
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

const Option& find(const std::vector<Option>& declared, const std::string& name)
{
    const auto found = std::find_if(declared.begin(), declared.end(),
                                    [&](const Option& option) { return option.name == name; });
    if (found == declared.end())
        throw base::Error(base::ExitCode::bug, "option --" + name + " is not declared", "",
                          "please report this");
    return *found;
}

template <typename T>
std::optional<T> parsed_as(const std::string& text)
{
    auto value = T{};
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

/// Whole numbers also in the form 1e3 or 2.5e4.
template <>
std::optional<std::int64_t> parsed_as(const std::string& text)
{
    auto value = std::int64_t{0};
    const auto* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc{} && stopped == end)
        return value;
    constexpr auto exact = 9007199254740992.0; // 2^53
    const auto number = parsed_as<double>(text);
    if (!number || !(std::abs(*number) <= exact) || std::trunc(*number) != *number)
        return {};
    return static_cast<std::int64_t>(*number);
}

/// "did you mean 0.7?" for 0,7; empty where no number is near.
std::string meant_number(const Option& option, std::string text)
{
    const auto comma = text.find(',');
    if (comma == std::string::npos)
        return {};
    if (option.kind == OptionKind::integer)
        std::erase(text, ',');
    else
        text[comma] = '.';
    const auto is_number = option.kind == OptionKind::integer
                               ? parsed_as<std::int64_t>(text).has_value()
                               : parsed_as<double>(text).has_value();
    return is_number ? "did you mean " + text + "? " : std::string{};
}

template <typename T>
T number_from(const Option& option, const std::string& text)
{
    if (const auto value = parsed_as<T>(text))
        return *value;
    throw base::UsageError(
        fmt::format("--{} {}: not {}", option.name, text,
                    option.kind == OptionKind::integer ? "a whole number" : "a number"),
        "", fmt::format("{}{}: {}", meant_number(option, text), option.name, option.help));
}

struct NumberRange
{
    double minimum;
    double maximum;
};

/// The declared range, within what is sane for the kind and the unit: beyond it sizes overflow,
/// and results are infinite or take for ever.
NumberRange range_of(const Option& option)
{
    static const auto largest_in_unit = std::map<std::string, double>{
        {"s", 1e8}, {"ms", 1e9}, {"Hz", 1e6}, {"GB", 1e6}, {"sd", 1e4}, {"frames", 1e9}};
    const auto known = largest_in_unit.find(option.unit);
    const auto largest = known != largest_in_unit.end()       ? known->second
                         : option.kind == OptionKind::integer ? 1e9
                                                              : 1e12;
    return {std::isinf(option.minimum) ? -largest : option.minimum,
            std::isinf(option.maximum) ? largest : option.maximum};
}

/// 0.5, 100000, 1e9.
std::string short_number(double value)
{
    auto text = std::abs(value) < 1e6 ? fmt::format("{}", value) : fmt::format("{:.17g}", value);
    const auto digits = text.find_last_not_of('0') + 1;
    if (std::abs(value) >= 1e6 && text.find_first_of(".e") == std::string::npos &&
        text.size() - digits >= 5)
        text = text.substr(0, digits) + fmt::format("e{}", text.size() - digits);
    return text;
}

std::string range_text(const Option& option)
{
    const auto range = range_of(option);
    return fmt::format("{} to {}{}{}", short_number(range.minimum), short_number(range.maximum),
                       option.unit.empty() ? "" : " ", option.unit);
}

/// One spelling of every whole number, so that 1e3 and 1000 are the same setting.
std::string normalised(const Option& option, const std::string& text)
{
    if (option.kind != OptionKind::integer)
        return text;
    const auto value = parsed_as<std::int64_t>(text);
    return value ? std::to_string(*value) : text;
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

void check_value(const Option& option, const std::string& text)
{
    if (option.kind == OptionKind::integer || option.kind == OptionKind::real) {
        const auto value = option.kind == OptionKind::integer
                               ? static_cast<double>(number_from<std::int64_t>(option, text))
                               : number_from<double>(option, text);
        const auto range = range_of(option);
        if (!(value >= range.minimum && value <= range.maximum)) // NaN is in no range
            throw base::UsageError(fmt::format("--{} {}: out of range", option.name, text), "",
                                   "it takes " + range_text(option));
    }
    if (!option.choices.empty() &&
        std::find(option.choices.begin(), option.choices.end(), text) == option.choices.end()) {
        const auto meant = base::nearest(text, option.choices);
        throw base::UsageError(
            fmt::format("--{} {}: no such choice", option.name, text), "",
            fmt::format("it takes {}{}", base::joined(option.choices, ", "),
                        meant.empty() ? "" : fmt::format("; did you mean {}?", meant)));
    }
    if (option.kind == OptionKind::path && text.empty())
        throw base::UsageError(fmt::format("--{}: empty path", option.name), "", option.help);
}

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width)
{
    auto out = std::string{};
    auto column = std::size_t{0};
    auto words = std::istringstream(text);
    for (auto word = std::string{}; words >> word;) {
        if (column > 0 && column + 1 + word.size() > width - indent) {
            out += "\n" + std::string(indent, ' ');
            column = 0;
        }
        if (column > 0) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
    }
    return out;
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
    return number_from<std::int64_t>(find(declared_, name), text(name));
}
double Options::real(const std::string& name) const
{
    return number_from<double>(find(declared_, name), text(name));
}

std::vector<double> Options::reals(const std::string& name) const
{
    auto numbers = std::vector<double>{};
    for (const auto& text : values(name))
        numbers.push_back(number_from<double>(find(declared_, name), text));
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

std::vector<Option> selection_options()
{
    const auto same = false;
    return {
        {.name = "study",
         .kind = OptionKind::path,
         .help = "folder of NWB files, or one NWB file",
         .required = true,
         .changes_result = same},
        {.name = "results",
         .kind = OptionKind::path,
         .help = "folder for the results; made if it is not there",
         .required = true,
         .changes_result = same},
        {.name = "subject",
         .help = "only this subject; repeatable",
         .repeatable = true,
         .changes_result = same},
        {.name = "session",
         .help = "only this session; repeatable",
         .repeatable = true,
         .changes_result = same},
    };
}

std::vector<Option> computing_options()
{
    const auto same = false;
    return {
        {.name = "seed",
         .kind = OptionKind::integer,
         .default_value = "1",
         .help = "seed of every random draw",
         .minimum = 0,
         .maximum = largest_seed},
        {.name = "overwrite",
         .kind = OptionKind::flag,
         .help = "replace a result made with other settings",
         .changes_result = same},
        {.name = "restart",
         .kind = OptionKind::flag,
         .help = "discard what an unfinished run has saved",
         .changes_result = same},
        {.name = "checkpoint-s",
         .kind = OptionKind::real,
         .default_value = "120",
         .unit = "s",
         .help = "save finished work this often; 0: after every unit",
         .minimum = 0,
         .changes_result = same},
        {.name = "node-memory-gb",
         .kind = OptionKind::real,
         .default_value = "4",
         .unit = "GB",
         .help = "memory of a node for the activity of sessions worked on at the same time",
         .minimum = 0.001,
         .changes_result = same},
        {.name = "ignore-memory",
         .kind = OptionKind::flag,
         .help = "start even where the estimate says that memory will not suffice",
         .changes_result = same},
    };
}

std::vector<Option> program_options()
{
    const auto same = false;
    return {
        {.name = "config",
         .kind = OptionKind::path,
         .help = "file of `option = value` lines; the command line takes precedence",
         .changes_result = same},
        {.name = "help", .kind = OptionKind::flag, .help = "this text", .changes_result = same},
    };
}

std::vector<Option> common_options()
{
    auto options = selection_options();
    for (const auto& more : {computing_options(), program_options()})
        options.insert(options.end(), more.begin(), more.end());
    return options;
}

std::string describe_options(const std::vector<Option>& options)
{
    auto out = std::string{};
    for (const auto& option : options) {
        auto head = "--" + option.name;
        if (option.kind == OptionKind::integer)
            head += " N";
        else if (option.kind == OptionKind::real)
            head += " X";
        else if (option.kind == OptionKind::path)
            head += " PATH";
        else if (option.kind == OptionKind::text)
            head += " " + (option.choices.empty() ? std::string("TEXT")
                                                  : base::joined(option.choices, "|"));
        auto text = option.help;
        if (!option.unit.empty())
            text += " [" + option.unit + "]";
        if (option.required)
            text += " (required)";
        else if (!option.default_value.empty())
            text += " (default " + option.default_value + ")";
        if (!option.source.empty())
            text += " {" + option.source + "}";
        constexpr auto column = std::size_t{30};
        out += "  " + head;
        out += head.size() + 3 > column ? "\n" + std::string(column, ' ')
                                        : std::string(column - head.size() - 2, ' ');
        out += wrapped(text, column, 100) + "\n";
    }
    return out;
}

} // namespace rewire::runtime
