// Changes what a simulated NWB file says about behaviour, for the tests. Numbers come from standard
// input.
//   put_behaviour FILE series NAME RATE_HZ START_S [UNIT]  values (UNIT: volts, or none)
//   put_behaviour FILE series NAME timestamps [UNIT]       time value, time value ...
//   put_behaviour FILE booleans NAME RATE_HZ START_S values
//   put_behaviour FILE intervals NAME                start stop, start stop ...
//   put_behaviour FILE numbers DATASET               values, in the place of those there may be
//   put_behaviour FILE values DATASET                values, as many as there are, in their shape
//   put_behaviour FILE remove PATH
//   put_behaviour FILE text PATH ATTRIBUTE VALUE
//   put_behaviour FILE id TABLE                      ids, one a row, instead of those of the table
//   put_behaviour FILE column TABLE FROM TO          a column gets another name
//   put_behaviour FILE scale DATASET FACTOR SHIFT    values become FACTOR x value + SHIFT
//   put_behaviour FILE rename FROM TO
//   put_behaviour FILE copy FROM TO
//   put_behaviour FILE add-column TABLE NAME         values, one a row

#include "tiny_nwb.hpp"

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

using namespace rewire;

namespace {

using Values = std::vector<double>;

Values numbers()
{
    auto values = Values{};
    for (auto word = std::string{}; std::cin >> word;)
        values.push_back(std::strtod(word.c_str(), nullptr)); // takes "nan", too
    return values;
}

/// Every second number, beginning with the first or the second.
Values column(const Values& pairs, std::size_t first)
{
    auto values = Values{};
    for (auto k = first; k < pairs.size(); k += 2)
        values.push_back(pairs[k]);
    return values;
}

void put_series(hid_t file, const std::vector<std::string>& words)
{
    const auto group = test::typed_group(file, "/processing/behavior/" + words.at(3), "TimeSeries");
    const auto given = numbers();
    const auto timed = words.at(4) == "timestamps";
    const auto values = timed ? column(given, 1) : given;
    const auto samples = static_cast<std::int64_t>(values.size());
    if (words[2] == "booleans")
        io::write_booleans(group, "data", {values.begin(), values.end()});
    else
        io::write_dataset(group, "data", values, {samples});
    const auto unit = words.size() > (timed ? 5U : 6U) ? words.back() : "volts";
    if (unit != "none")
        io::write_text_attribute(io::open_dataset(group, "data"), "unit", unit);
    if (timed)
        io::write_dataset(group, "timestamps", column(given, 0), {samples});
    else
        test::write_rate(group, std::stod(words[4]), std::stod(words.at(5)));
}

void put_ids(hid_t file, const std::string& table)
{
    const auto given = numbers();
    const auto ids = std::vector<std::int64_t>(given.begin(), given.end());
    const auto dataset = io::open_dataset(file, table + "/id");
    io::write_block<std::int64_t>(dataset, {0}, {static_cast<std::int64_t>(ids.size())}, ids);
}

void rename_column(hid_t file, const std::string& table, const std::string& from,
                   const std::string& to)
{
    const auto group = io::open_group(file, table);
    auto names = io::read_texts_attribute(group, "colnames");
    for (auto& name : names)
        if (name == from)
            name = to;
    H5Adelete(group, "colnames");
    io::write_texts_attribute(group, "colnames", names);
    H5Lmove(group, from.c_str(), group, to.c_str(), H5P_DEFAULT, H5P_DEFAULT);
}

void add_column(hid_t file, const std::string& table, const std::string& name)
{
    const auto group = io::open_group(file, table);
    auto names = io::read_texts_attribute(group, "colnames");
    names.push_back(name);
    H5Adelete(group, "colnames");
    io::write_texts_attribute(group, "colnames", names);
    const auto values = numbers();
    io::write_dataset(group, name, values, {static_cast<std::int64_t>(values.size())});
}

void scale(hid_t file, const std::string& path, double factor, double shift)
{
    const auto dataset = io::open_dataset(file, path);
    auto values = io::read_all<double>(file, path);
    for (auto& value : values)
        value = factor * value + shift;
    const auto shape = io::shape_of(dataset);
    io::write_block<double>(dataset, io::Shape(shape.size(), 0), shape, values);
}

void put_values(hid_t file, const std::string& path)
{
    const auto dataset = io::open_dataset(file, path);
    const auto shape = io::shape_of(dataset);
    io::write_block<double>(dataset, io::Shape(shape.size(), 0), shape, numbers());
}

void run(const std::vector<std::string>& words)
{
    const auto file = io::open_for_update(words.at(1));
    if (words.at(2) == "remove") {
        H5Ldelete(file, words.at(3).c_str(), H5P_DEFAULT);
    } else if (words[2] == "numbers") {
        const auto values = numbers();
        if (io::exists(file, words.at(3)))
            H5Ldelete(file, words[3].c_str(), H5P_DEFAULT);
        io::write_dataset(file, words.at(3), values, {static_cast<std::int64_t>(values.size())});
    } else if (words[2] == "rename") {
        H5Lmove(file, words.at(3).c_str(), file, words.at(4).c_str(), H5P_DEFAULT, H5P_DEFAULT);
    } else if (words[2] == "copy") {
        H5Ocopy(file, words.at(3).c_str(), file, words.at(4).c_str(), H5P_DEFAULT, H5P_DEFAULT);
    } else if (words[2] == "add-column") {
        add_column(file, words.at(3), words.at(4));
    } else if (words[2] == "text") {
        const auto object = io::open_object(file, words.at(3));
        H5Adelete(object, words.at(4).c_str());
        io::write_text_attribute(object, words[4], words.at(5));
    } else if (words[2] == "id") {
        put_ids(file, words.at(3));
    } else if (words[2] == "column") {
        rename_column(file, words.at(3), words.at(4), words.at(5));
    } else if (words[2] == "values") {
        put_values(file, words.at(3));
    } else if (words[2] == "scale") {
        scale(file, words.at(3), std::stod(words.at(4)), std::stod(words.at(5)));
    } else if (words[2] == "intervals") {
        const auto given = numbers();
        test::write_intervals(file, words.at(3), column(given, 0), column(given, 1));
    } else {
        put_series(file, words);
    }
}

} // namespace

int main(int count, char** words)
{
    try {
        run({words, words + count});
    } catch (const std::exception& error) {
        std::cerr << "put_behaviour: " << error.what() << '\n';
        return 1;
    }
    return 0;
}
