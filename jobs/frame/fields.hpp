#pragma once

#include <rewire/base/packed.hpp>
#include <rewire/io/hdf5.hpp>

#include <string>

/// Visitors for structs that name the attributes of their group once, for writing and reading
/// alike.
namespace rewire::jobs {

using base::PackField;
using base::UnpackField;

struct WriteAttribute
{
    const io::Handle& object;

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
    const io::Handle& object;

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
