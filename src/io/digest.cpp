#include "rewire/io/digest.hpp"

#include <rewire/base/error.hpp>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <memory>
#include <vector>

namespace rewire::io {

struct Sha256::State
{
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                    &EVP_MD_CTX_free};
};

Sha256::Sha256() : state_(std::make_unique<State>())
{
    EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::byte> bytes)
{
    EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Sha256::hexadecimal()
{
    auto bytes = std::array<unsigned char, EVP_MAX_MD_SIZE>{};
    auto size = 0U;
    EVP_DigestFinal_ex(state_->context.get(), bytes.data(), &size);
    auto text = std::string{};
    for (auto i = 0U; i < size; ++i)
        text += fmt::format("{:02x}", bytes[i]);
    return text;
}

std::string sha256_of(std::span<const std::byte> bytes)
{
    auto digest = Sha256{};
    digest.add(bytes);
    return digest.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& path, const std::function<bool()>& go_on)
{
    const auto file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>(
        std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file)
        throw base::IoError("cannot open file", path.string(),
                            "check the path and its permissions");
    auto digest = Sha256{};
    auto buffer = std::vector<std::byte>(std::size_t{1} << 20);
    constexpr auto pieces_between = 64; // of a megabyte
    auto count = std::size_t{0};
    for (auto piece = 1; (count = std::fread(buffer.data(), 1, buffer.size(), file.get())) > 0;
         ++piece) {
        digest.add(std::span(buffer).first(count));
        if (go_on && piece % pieces_between == 0 && !go_on())
            return {};
    }
    if (std::ferror(file.get()) != 0)
        throw base::IoError("cannot read file to its end", path.string(),
                            "is the disk or network mount in order?");
    return digest.hexadecimal();
}

} // namespace rewire::io
