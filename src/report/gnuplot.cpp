#include <rewire/base/error.hpp>
#include <rewire/base/text.hpp>
#include <rewire/report/figure.hpp>
#include <rewire/report/markup.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace rewire::report {

namespace {

namespace fs = std::filesystem;

/// A folder for the script and what gnuplot writes; removed in the end.
class WorkFolder
{
  public:
    WorkFolder()
    {
        auto error = std::error_code{};
        auto name = (fs::temp_directory_path(error) / "rewire-figures-XXXXXX").string();
        if (error || mkdtemp(name.data()) == nullptr)
            throw base::IoError("cannot make a temporary folder", name,
                                "set TMPDIR to a folder that you may write to");
        path_ = name;
    }
    WorkFolder(const WorkFolder&) = delete;
    WorkFolder& operator=(const WorkFolder&) = delete;
    ~WorkFolder()
    {
        auto error = std::error_code{};
        fs::remove_all(path_, error);
    }

    fs::path operator/(const std::string& name) const { return path_ / name; }
    const fs::path& path() const noexcept { return path_; }

  private:
    fs::path path_;
};

std::string text_of(const fs::path& path)
{
    auto stream = std::ifstream(path, std::ios::binary);
    auto text = std::ostringstream{};
    text << stream.rdbuf();
    return text.str();
}

class SpawnActions
{
  public:
    SpawnActions() { posix_spawn_file_actions_init(&actions_); }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;
    ~SpawnActions() { posix_spawn_file_actions_destroy(&actions_); }

    posix_spawn_file_actions_t* get() { return &actions_; }

  private:
    posix_spawn_file_actions_t actions_{};
};

/// Runs gnuplot in the folder on `script.gp` there. @return its exit status
int run_gnuplot(const WorkFolder& folder)
{
    const auto said = (folder / "said").string();
    auto actions = SpawnActions{};
    constexpr auto write = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addchdir_np(actions.get(), folder.path().c_str());
    posix_spawn_file_actions_addopen(actions.get(), STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(actions.get(), STDOUT_FILENO, said.c_str(), write, 0600);
    posix_spawn_file_actions_adddup2(actions.get(), STDOUT_FILENO, STDERR_FILENO);
    // -d: without the settings of the user or the machine.
    const auto words = std::array<const char*, 4>{"gnuplot", "-d", "script.gp", nullptr};
    auto child = pid_t{};
    const auto failed = posix_spawnp(&child, words[0], actions.get(), nullptr,
                                     const_cast<char**>(words.data()), environ);
    if (failed == ENOENT)
        throw base::IoError("gnuplot is not installed: the figures are drawn by it", "",
                            "apt-get install gnuplot-nox");
    if (failed != 0)
        throw base::IoError(fmt::format("cannot start gnuplot: {}", std::strerror(failed)), "",
                            "does `gnuplot --version` work?");
    auto status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            throw base::IoError("lost track of gnuplot", "", "run it again");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::string file_of(std::size_t figure)
{
    return fmt::format("{}.svg", figure);
}

void write_script(const fs::path& path, std::span<const Figure> figures)
{
    auto stream = std::ofstream(path, std::ios::binary);
    stream << "set encoding utf8\n";
    for (std::size_t i = 0; i < figures.size(); ++i)
        stream << fmt::format("set terminal svg size {},{} dynamic noenhanced font "
                              "'Helvetica,11.5'\nset output '{}'\n",
                              figures[i].width_px, figures[i].height_px, file_of(i))
               << figures[i].script << "unset output\n";
    stream.close();
    if (!stream)
        throw base::IoError("cannot write file", path.string(), "is the disk full?");
}

/// Removes everything from `begin` to the `end` after it, over and over.
void cut_all(std::string& text, const std::string& begin, const std::string& end)
{
    auto from = text.find(begin);
    while (from != std::string::npos) {
        const auto to = text.find(end, from);
        if (to == std::string::npos)
            return;
        text.erase(from, to + end.size() - from);
        from = text.find(begin, from);
    }
}

void replace_all(std::string& text, const std::string& what, const std::string& by)
{
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

/// gnuplot's document as a part of a page. Labels cannot be taken for markup: gnuplot has escaped
/// every `<` in them, and only what stands between `<` and the next `>` is changed here.
std::string as_part_of_page(const std::string& document, const Figure& figure,
                            const std::string& prefix)
{
    const auto begin = document.find("<svg");
    const auto open = document.find('>', begin);
    if (begin == std::string::npos || open == std::string::npos)
        throw base::IoError("gnuplot drew nothing", figure.description,
                            "does `gnuplot --version` say 5.4 or later?");
    auto body = document.substr(open + 1);
    cut_all(body, "<title>", "</title>");
    cut_all(body, "<desc>", "</desc>");
    cut_all(body, "<filter ", "</filter>");
    const auto parts = base::split(body, '<');
    auto out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
        "role=\"img\" aria-label=\"{}\" viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\">",
        escaped(figure.description), figure.width_px, figure.height_px, figure.width_px,
        figure.height_px);
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto end = parts[i].find('>');
        auto tag = parts[i].substr(0, end);
        replace_all(tag, "id='", "id='" + prefix + "-");
        replace_all(tag, "id=\"", "id=\"" + prefix + "-");
        replace_all(tag, "href='#", "href='#" + prefix + "-");
        replace_all(tag, "font-family=\"Helvetica\"",
                    "font-family=\"Helvetica, Arial, sans-serif\"");
        out += "<" + tag + parts[i].substr(std::min(end, parts[i].size()));
    }
    while (!out.empty() && (out.back() == '\n' || out.back() == ' '))
        out.pop_back();
    return out;
}

} // namespace

std::vector<std::string> draw(std::span<const Figure> figures, const std::string& prefix)
{
    auto drawn = std::vector<std::string>{};
    if (figures.empty())
        return drawn;
    const auto folder = WorkFolder{};
    write_script(folder / "script.gp", figures);
    if (const auto status = run_gnuplot(folder); status != 0)
        throw base::IoError(fmt::format("gnuplot failed (status {}): {}", status,
                                        base::trimmed(text_of(folder / "said"))),
                            "", "does `gnuplot --version` say 5.4 or later?");
    for (std::size_t i = 0; i < figures.size(); ++i)
        drawn.push_back(as_part_of_page(text_of(folder / file_of(i)), figures[i],
                                        fmt::format("{}{}", prefix, i + 1)));
    return drawn;
}

} // namespace rewire::report
