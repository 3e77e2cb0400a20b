// same_datasets A B: whether two result files hold the same groups, datasets and attributes, bit
// for bit, but for where and when they were computed (root attributes). Prints what differs; exit
// code 1 when anything does.

#include <rewire/io/hdf5.hpp>

#include <cstdio>
#include <cstring>
#include <exception>
#include <set>
#include <string>
#include <vector>

namespace {

using rewire::io::Handle;

/// What may differ between two runs of the same work.
const auto provenance =
    std::set<std::string>{"attempt", "command", "end", "host", "options", "ranks", "start"};
/// HDF5's own links between datasets and their dimension scales hold addresses in the file.
const auto links = std::set<std::string>{"DIMENSION_LIST", "REFERENCE_LIST"};

class Comparison
{
  public:
    void groups(hid_t a, hid_t b, const std::string& path)
    {
        const auto names = rewire::io::children(a, path);
        if (names != rewire::io::children(b, path))
            return different(path + ": other members");
        attributes(rewire::io::open_object(a, path), rewire::io::open_object(b, path), path);
        for (const auto& name : names) {
            const auto child = path == "/" ? "/" + name : path + "/" + name;
            if (rewire::io::is_group(a, child))
                groups(a, b, child);
            else
                datasets(rewire::io::open_dataset(a, child), rewire::io::open_dataset(b, child),
                         child);
        }
    }

    int found() const { return found_; }

  private:
    void different(const std::string& what)
    {
        std::printf("%s\n", what.c_str());
        ++found_;
    }

    void datasets(hid_t a, hid_t b, const std::string& path)
    {
        attributes(a, b, path);
        const auto type = Handle(H5Dget_type(a));
        if (rewire::io::shape_of(a) != rewire::io::shape_of(b) ||
            H5Tequal(type, Handle(H5Dget_type(b))) <= 0)
            return different(path + ": other shape or type");
        if (rewire::io::holds_text(a)) {
            if (rewire::io::read_texts(a, ".") != rewire::io::read_texts(b, "."))
                different(path + ": other text");
            return;
        }
        if (bytes(a, type) != bytes(b, type))
            different(path + ": other values");
    }

    static std::vector<char> bytes(hid_t dataset, hid_t type)
    {
        auto size = H5Tget_size(type);
        for (const auto extent : rewire::io::shape_of(dataset))
            size *= static_cast<std::size_t>(extent);
        auto values = std::vector<char>(size);
        if (size > 0)
            H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
        return values;
    }

    static std::set<std::string> names_of_attributes(hid_t object)
    {
        auto names = std::set<std::string>{};
        H5Aiterate2(
            object, H5_INDEX_NAME, H5_ITER_INC, nullptr,
            [](hid_t, const char* name, const H5A_info_t*, void* data) -> herr_t {
                static_cast<std::set<std::string>*>(data)->insert(name);
                return 0;
            },
            &names);
        return names;
    }

    void attributes(hid_t a, hid_t b, const std::string& path)
    {
        const auto names = names_of_attributes(a);
        if (names != names_of_attributes(b))
            return different(path + ": other attributes");
        for (const auto& name : names) {
            if (links.contains(name) || (path == "/" && provenance.contains(name)))
                continue;
            const auto first = Handle(H5Aopen(a, name.c_str(), H5P_DEFAULT));
            const auto type = Handle(H5Aget_type(first));
            const auto same = H5Tget_class(type) == H5T_STRING
                                  ? rewire::io::read_texts_attribute(a, name) ==
                                        rewire::io::read_texts_attribute(b, name)
                                  : values(a, name, type) == values(b, name, type);
            if (!same)
                different(path + ": attribute " + name);
        }
    }

    static std::vector<char> values(hid_t object, const std::string& name, hid_t type)
    {
        const auto attribute = Handle(H5Aopen(object, name.c_str(), H5P_DEFAULT));
        const auto space = Handle(H5Aget_space(attribute));
        auto read = std::vector<char>(
            H5Tget_size(type) * static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
        H5Aread(attribute, type, read.data());
        return read;
    }

    int found_ = 0;
};

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: same_datasets A.h5 B.h5\n");
        return 2;
    }
    try {
        auto comparison = Comparison{};
        comparison.groups(rewire::io::open_for_reading(argv[1]),
                          rewire::io::open_for_reading(argv[2]), "/");
        return comparison.found() == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
}
