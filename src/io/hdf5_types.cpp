#include "hdf5_detail.hpp"

#include <functional>
#include <numeric>
#include <type_traits>

namespace rewire::io {

std::vector<hsize_t> extents(const Shape& shape)
{
    return {shape.begin(), shape.end()};
}

std::int64_t product(const Shape& shape)
{
    return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

Handle space_of(const Shape& shape, const Shape& maximum)
{
    if (shape.empty())
        return Handle(H5Screate(H5S_SCALAR));
    const auto sizes = extents(shape);
    auto largest = extents(maximum);
    for (std::size_t i = 0; i < maximum.size(); ++i)
        if (maximum[i] < 0)
            largest[i] = H5S_UNLIMITED;
    return Handle(H5Screate_simple(static_cast<int>(sizes.size()), sizes.data(),
                                   largest.empty() ? nullptr : largest.data()));
}

template <typename T>
hid_t native_type()
{
    if constexpr (std::is_same_v<T, std::int8_t>)
        return H5T_NATIVE_INT8;
    else if constexpr (std::is_same_v<T, std::uint8_t>)
        return H5T_NATIVE_UINT8;
    else if constexpr (std::is_same_v<T, std::int16_t>)
        return H5T_NATIVE_INT16;
    else if constexpr (std::is_same_v<T, std::uint16_t>)
        return H5T_NATIVE_UINT16;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        return H5T_NATIVE_INT32;
    else if constexpr (std::is_same_v<T, std::uint32_t>)
        return H5T_NATIVE_UINT32;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        return H5T_NATIVE_INT64;
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return H5T_NATIVE_UINT64;
    else if constexpr (std::is_same_v<T, float>)
        return H5T_NATIVE_FLOAT;
    else {
        static_assert(std::is_same_v<T, double>);
        return H5T_NATIVE_DOUBLE;
    }
}

#define REWIRE_INSTANTIATE(T) template hid_t native_type<T>();
REWIRE_FOR_EACH_NUMBER(REWIRE_INSTANTIATE)
#undef REWIRE_INSTANTIATE

} // namespace rewire::io
