// SPDX-License-Identifier: GPL-2.0-or-later
//
// A main for fuzz targets where libFuzzer is absent (GCC, every ordinary build): it feeds the
// target each file of the corpus, then a fixed number of mutations of them. Everything follows from
// the seed, so a failure comes back. The input that kills the target is saved, and can be given as
// the only argument. The target runs on a stack of 64 KiB, so that what recurses by its input dies
// here; under a sanitizer, whose frames are larger, on one of a megabyte.
//
//     fuzz_NAME [--mutations=N] [--seed=S] [--finds=FOLDER] FILE-OR-FOLDER...
//
// Exit: 0 all inputs survived, 1 nothing to feed, 2 wrong arguments; death by signal otherwise.
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Present when the address sanitizer is: it ends the process without a signal.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t kMaxInput = 65536;
constexpr unsigned kSecondsPerInput = 10;
constexpr std::size_t kStack = std::size_t{64} << 10U;
constexpr std::size_t kSanitizedStack = std::size_t{1} << 20U;

struct Options {
    std::uint64_t mutations = 20000;
    std::uint64_t seed = 1;
    std::string finds = ".";
    std::vector<std::string> paths;
};

// SplitMix64: small, and the same everywhere.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : state_(seed) {}

    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31U);
    }
    // 0 to limit - 1; 0 for limit 0.
    std::size_t below(std::size_t limit) {
        return limit == 0 ? 0 : static_cast<std::size_t>(next() % limit);
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(next() & 0xffU); }

  private:
    std::uint64_t state_;
};

// What the signal handler saves; plain data, set before each input is fed.
struct Current {
    const std::uint8_t* data = nullptr;
    std::size_t size = 0;
    std::array<char, 512> file{};
};
Current current;

void say(std::string_view text) {
    // Nothing can be done when even this write fails.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

// Only calls that are safe in a signal handler.
void save_current_input() {
    if (current.data == nullptr) return;
    const int fd = open(current.file.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return;
    [[maybe_unused]] const ssize_t written = write(fd, current.data, current.size);
    close(fd);
    say("the input that did it: ");
    say(current.file.data());
    say("\n");
    current.data = nullptr;
}

extern "C" void on_signal(int number) {
    if (number == SIGALRM) say("one input took too long\n");
    save_current_input();
    std::signal(number, SIG_DFL);
    raise(number);
}

// On a stack of its own: that of the target may be at its end.
void watch_for(int number) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_ONSTACK;
    sigaction(number, &action, nullptr);
}

bool has_sanitizer() {
    return __sanitizer_set_death_callback != nullptr;
}

void watch_for_death() {
    static std::array<char, 16384> stack;
    const stack_t own{stack.data(), 0, stack.size()};
    sigaltstack(&own, nullptr);
    if (has_sanitizer()) {
        __sanitizer_set_death_callback(save_current_input);
    } else {
        for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL})
            watch_for(number);
    }
    for (const int number : {SIGABRT, SIGALRM})
        watch_for(number);
}

void feed(const Input& input) {
    current.size = input.size();
    current.data = input.data();
    alarm(kSecondsPerInput);
    LLVMFuzzerTestOneInput(input.data(), input.size());
    alarm(0);
    current.data = nullptr;
}

// With functions of C alone: the memory sanitizer knows nothing of what the library's own code for
// files writes.
std::optional<Input> read_input(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return std::nullopt;
    Input input(kMaxInput);
    const ssize_t size = ::read(file, input.data(), input.size());
    ::close(file);
    if (size < 0) return std::nullopt;
    input.resize(static_cast<std::size_t>(size));
    return input;
}

bool is_a(const std::string& path, mode_t kind) {
    struct stat what {};
    return ::stat(path.c_str(), &what) == 0 && (what.st_mode & S_IFMT) == kind;
}

void find_files(const std::string& path, std::vector<std::string>& out) {
    DIR* folder = ::opendir(path.c_str());
    if (folder == nullptr) return;
    while (const dirent* entry = ::readdir(folder)) {
        const std::string file = path + "/" + &entry->d_name[0];
        if (is_a(file, S_IFREG)) out.push_back(file);
    }
    ::closedir(folder);
}

// Every file of the paths in a fixed order; a folder that does not exist holds none.
std::vector<Input> read_inputs(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        if (is_a(path, S_IFREG)) files.push_back(path);
        if (is_a(path, S_IFDIR)) find_files(path, files);
    }
    std::sort(files.begin(), files.end());
    std::vector<Input> inputs;
    for (const std::string& file : files) {
        if (auto input = read_input(file)) inputs.push_back(std::move(*input));
    }
    return inputs;
}

// Numbers at which lengths and counters go wrong.
constexpr std::array<std::uint8_t, 10> kEdges = {0, 1, 2, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xfe, 0xff};

using Offset = Input::difference_type;

void insert_piece(Input& input, const Input& from, Dice& dice) {
    const std::size_t begin = dice.below(from.size());
    const std::size_t length = 1 + dice.below(std::min<std::size_t>(64, from.size() - begin));
    const Input piece(from.begin() + static_cast<Offset>(begin),
                      from.begin() + static_cast<Offset>(std::min(begin + length, from.size())));
    const std::size_t at = dice.below(input.size() + 1);
    input.insert(input.begin() + static_cast<Offset>(at), piece.begin(), piece.end());
}

void erase_piece(Input& input, Dice& dice) {
    const std::size_t begin = dice.below(input.size());
    const std::size_t length = std::min(input.size() - begin, 1 + dice.below(16));
    input.erase(input.begin() + static_cast<Offset>(begin),
                input.begin() + static_cast<Offset>(begin + length));
}

void mutate_once(Input& input, const Input& other, Dice& dice) {
    const std::size_t kind = dice.below(7);
    if (input.empty() || kind == 0) {
        const auto at = static_cast<Offset>(dice.below(input.size() + 1));
        input.insert(input.begin() + at, dice.byte());
        return;
    }
    const std::size_t at = dice.below(input.size());
    switch (kind) {
        case 1: input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << dice.below(8))); break;
        case 2: input[at] = dice.byte(); break;
        case 3: input[at] = kEdges.at(dice.below(kEdges.size())); break;
        case 4: erase_piece(input, dice); break;
        case 5: insert_piece(input, other.empty() ? Input(input) : other, dice); break;
        default: input.resize(dice.below(2) == 0 ? at : input.size()); break;
    }
}

Input mutation_of(const std::vector<Input>& inputs, Dice& dice) {
    Input input = inputs[dice.below(inputs.size())];
    const Input& other = inputs[dice.below(inputs.size())];
    const std::size_t times = 1 + dice.below(6);
    for (std::size_t i = 0; i < times; ++i)
        mutate_once(input, other, dice);
    if (input.size() > kMaxInput) input.resize(kMaxInput);
    return input;
}

bool read_number(std::string_view argument, std::string_view name, std::uint64_t& number) {
    if (!argument.starts_with(name)) return false;
    argument.remove_prefix(name.size());
    const char* end = argument.data() + argument.size();
    const auto [stop, error] = std::from_chars(argument.data(), end, number);
    return error == std::errc{} && stop == end;
}

std::optional<Options> read_options(int argc, char** argv) {
    constexpr std::string_view kFinds = "--finds=";
    Options options;
    for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
        if (read_number(argument, "--mutations=", options.mutations)) continue;
        if (read_number(argument, "--seed=", options.seed)) continue;
        if (argument.starts_with(kFinds)) {
            options.finds = argument.substr(kFinds.size());
        } else if (argument.starts_with("-")) {
            return std::nullopt;
        } else {
            options.paths.emplace_back(argument);
        }
    }
    if (options.paths.empty()) return std::nullopt;
    return options;
}

struct Work {
    const std::vector<Input>& inputs;
    const Options& options;
};

void* feed_all(void* work) {
    const auto& [inputs, options] = *static_cast<const Work*>(work);
    watch_for_death();
    for (const Input& input : inputs)
        feed(input);
    Dice dice(options.seed);
    for (std::uint64_t i = 0; i < options.mutations; ++i)
        feed(mutation_of(inputs, dice));
    return nullptr;
}

bool feed_all_on_a_small_stack(Work& work) {
    pthread_attr_t attributes;
    pthread_t thread{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, has_sanitizer() ? kSanitizedStack : kStack);
    const bool runs = pthread_create(&thread, &attributes, feed_all, &work) == 0;
    pthread_attr_destroy(&attributes);
    if (runs) pthread_join(thread, nullptr);
    return runs;
}

int run(const Options& options, const std::string& program) {
    const std::vector<Input> inputs = read_inputs(options.paths);
    if (inputs.empty()) {
        std::fputs("there is no input in the folders given\n", stderr);
        return 1;
    }
    const std::string file = options.finds + "/crash-" + program.substr(program.rfind('/') + 1);
    file.copy(current.file.data(), current.file.size() - 1);
    Work work{inputs, options};
    if (!feed_all_on_a_small_stack(work)) {
        std::fputs("there is no thread to be had\n", stderr);
        return 1;
    }
    std::printf("%zu inputs and %llu mutations survived, seed %llu\n", inputs.size(),
                static_cast<unsigned long long>(options.mutations),
                static_cast<unsigned long long>(options.seed));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::optional<Options> options = read_options(argc, argv);
    if (!options) {
        std::fputs("usage: fuzz_NAME [--mutations=N] [--seed=S] [--finds=FOLDER] PATH...\n",
                   stderr);
        return 2;
    }
    return run(*options, argv[0]);
}
