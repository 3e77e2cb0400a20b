#include "rewire/runtime/options.hpp"

#include <rewire/base/text.hpp>

#include <sstream>

namespace rewire::runtime {

namespace {

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
