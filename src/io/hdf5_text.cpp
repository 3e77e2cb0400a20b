#include "hdf5_detail.hpp"

#include <rewire/base/error.hpp>

#include <algorithm>
#include <cstring>

namespace rewire::io {

Handle text_type()
{
    auto type = Handle(H5Tcopy(H5T_C_S1));
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

std::vector<std::string> texts_of(hid_t object, hid_t type, hid_t space,
                                  const std::function<herr_t(hid_t memory, void* out)>& read)
{
    const auto count =
        static_cast<std::size_t>(std::max<hssize_t>(0, H5Sget_simple_extent_npoints(space)));
    auto texts = std::vector<std::string>(count);
    if (count == 0)
        return texts;
    if (H5Tis_variable_str(type) > 0) {
        auto pointers = std::vector<char*>(count, nullptr);
        auto memory = Handle(H5Tcopy(H5T_C_S1));
        H5Tset_size(memory, H5T_VARIABLE);
        H5Tset_cset(memory, H5Tget_cset(type));
        if (read(memory.get(), static_cast<void*>(pointers.data())) < 0)
            fail_reading(object, "text");
        for (std::size_t i = 0; i < count; ++i)
            if (pointers[i] != nullptr)
                texts[i] = pointers[i];
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, pointers.data());
        return texts;
    }
    const auto width = H5Tget_size(type);
    auto characters = std::vector<char>(count * width);
    if (read(type, static_cast<void*>(characters.data())) < 0)
        fail_reading(object, "text");
    for (std::size_t i = 0; i < count; ++i) {
        const auto* begin = characters.data() + i * width;
        texts[i].assign(begin, strnlen(begin, width));
        while (!texts[i].empty() && H5Tget_strpad(type) == H5T_STR_SPACEPAD &&
               texts[i].back() == ' ')
            texts[i].pop_back();
    }
    return texts;
}

std::vector<std::string> read_texts(hid_t location, const std::string& path)
{
    const auto dataset = open_dataset(location, path);
    if (!holds_text(dataset))
        throw base::InputError("not text", name_of(dataset), "is this the dataset that was meant?");
    check_fits_memory(dataset, sizeof(char*) + sizeof(std::string));
    const auto type = Handle(H5Dget_type(dataset));
    const auto space = Handle(H5Dget_space(dataset));
    return texts_of(dataset, type, space, [&](hid_t memory, void* out) {
        return H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, out);
    });
}

std::string read_text(hid_t location, const std::string& path)
{
    const auto texts = read_texts(location, path);
    if (texts.empty())
        throw base::InputError("no text in " + path, name_of(location), "is the file complete?");
    return texts.front();
}

Handle write_texts(hid_t location, const std::string& name, const std::vector<std::string>& values,
                   const Storage& storage)
{
    const auto type = text_type();
    auto dataset =
        make_dataset(location, name, type, {static_cast<std::int64_t>(values.size())}, storage);
    auto pointers = std::vector<const char*>{};
    for (const auto& value : values)
        pointers.push_back(value.c_str());
    if (!values.empty() &&
        H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, pointers.data()) < 0)
        fail_writing(dataset, "text");
    return dataset;
}

Handle write_text(hid_t location, const std::string& name, const std::string& value)
{
    const auto type = text_type();
    auto dataset = make_dataset(location, name, type, {});
    const auto* pointer = value.c_str();
    if (H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, &pointer) < 0)
        fail_writing(dataset, "text");
    return dataset;
}

} // namespace rewire::io
