#pragma once

#include <rewire/base/error.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rewire::base {

/// Writes plain values, vectors and strings into bytes (this machine's byte order), for checkpoints
/// and messages between ranks. `Unpacker` reads them back in the same order.
class Packer
{
  public:
    using Sink = std::function<void(std::span<const std::byte>)>;

    /// Keeps the bytes.
    Packer() = default;
    /// Hands the bytes on as they come, about a megabyte at a time, and keeps none. `flush` at the
    /// end.
    explicit Packer(Sink sink) : sink_(std::move(sink)) {}

    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put(const T& value) { append({reinterpret_cast<const std::byte*>(&value), sizeof(T)}); }

    template <typename T>
    requires std::is_trivially_copyable_v<T>
    void put_all(std::span<const T> values)
    {
        put(static_cast<std::uint64_t>(values.size()));
        append(std::as_bytes(values));
    }

    template <typename T>
    void put_all(const std::vector<T>& values)
    {
        put_all(std::span<const T>(values));
    }

    void put_text(const std::string& text)
    {
        put_all(std::span<const char>(text.data(), text.size()));
    }

    /// Reserves room for so many bytes, so that large results take no more than their size.
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }

    /// Hands on what is still buffered. Does nothing without a sink.
    void flush()
    {
        if (sink_ && !bytes_.empty()) {
            sink_(bytes_);
            bytes_.clear();
        }
    }

    const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
    std::vector<std::byte> take() noexcept { return std::move(bytes_); }

  private:
    static constexpr auto piece_bytes = std::size_t{1} << 20;

    void append(std::span<const std::byte> more)
    {
        if (sink_ && bytes_.size() + more.size() > piece_bytes) {
            flush();
            if (more.size() > piece_bytes) {
                sink_(more);
                return;
            }
        }
        const auto at = bytes_.size();
        bytes_.resize(at + more.size());
        if (!more.empty())
            std::memcpy(bytes_.data() + at, more.data(), more.size());
    }

    Sink sink_;
    std::vector<std::byte> bytes_;
};

/// @throws IoError when the bytes end before a value does
class Unpacker
{
  public:
    explicit Unpacker(std::span<const std::byte> bytes) : bytes_(bytes) {}

    template <typename T>
    requires std::is_trivially_copyable_v<T> T get()
    {
        auto value = T{};
        const auto from = next(sizeof(T));
        std::memcpy(&value, from.data(), sizeof(T));
        return value;
    }

    template <typename T>
    requires std::is_trivially_copyable_v<T> std::vector<T> get_all()
    {
        const auto count = get<std::uint64_t>();
        if (count > remaining() / sizeof(T))
            fail();
        auto values = std::vector<T>(count);
        const auto from = next(count * sizeof(T));
        if (count > 0)
            std::memcpy(values.data(), from.data(), from.size());
        return values;
    }

    std::string get_text()
    {
        const auto characters = get_all<char>();
        return {characters.begin(), characters.end()};
    }

    std::size_t remaining() const noexcept { return bytes_.size(); }

  private:
    std::span<const std::byte> next(std::size_t count)
    {
        if (count > bytes_.size())
            fail();
        const auto part = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return part;
    }

    [[noreturn]] static void fail()
    {
        throw IoError("packed data end too early", "", "the file or message is damaged");
    }

    std::span<const std::byte> bytes_;
};

} // namespace rewire::base
