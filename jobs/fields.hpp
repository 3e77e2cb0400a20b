#pragma once

#include <rewire/base/pack.hpp>
#include <rewire/io/hdf5.hpp>

#include <string>
#include <type_traits>
#include <vector>

/// Visitors for structs that name their members once, for packing, unpacking and attributes alike.
namespace rewire::jobs {

struct PackField
{
    base::Packer& packer;

    void operator()(const std::string& text) const { packer.put_text(text); }
    void operator()(const std::vector<std::string>& texts) const
    {
        packer.put(static_cast<std::uint64_t>(texts.size()));
        for (const auto& text : texts)
            packer.put_text(text);
    }
    template <typename T>
    void operator()(const std::vector<T>& values) const
    {
        packer.put_all(values);
    }
    template <typename T>
    void operator()(const T& value) const
    {
        packer.put(value);
    }
};

struct UnpackField
{
    base::Unpacker& unpacker;

    void operator()(std::string& text) const { text = unpacker.get_text(); }
    void operator()(std::vector<std::string>& texts) const
    {
        texts.resize(unpacker.get<std::uint64_t>());
        for (auto& text : texts)
            text = unpacker.get_text();
    }
    template <typename T>
    void operator()(std::vector<T>& values) const
    {
        values = unpacker.get_all<T>();
    }
    template <typename T>
    void operator()(T& value) const
    {
        value = unpacker.get<T>();
    }
};

struct WriteAttribute
{
    hid_t object;

    void operator()(const char* name, const std::string& text) const
    {
        io::write_text_attribute(object, name, text);
    }
    template <typename T>
    void operator()(const char* name, const T& value) const
    {
        io::write_attribute(object, name, value);
    }
};

struct ReadAttribute
{
    hid_t object;

    void operator()(const char* name, std::string& text) const
    {
        text = io::read_text_attribute(object, name);
    }
    template <typename T>
    void operator()(const char* name, T& value) const
    {
        value = io::read_attribute<T>(object, name);
    }
};

} // namespace rewire::jobs
