// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/kernel/nft.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nftables/libnftables.h>

#include "gateway/base/text.h"

namespace gatehouse::kernel {

namespace {

// The functions of the library that we call, by their names without "nft_".
struct NftLibrary {
    decltype(&nft_ctx_new) ctx_new = nullptr;
    decltype(&nft_ctx_free) ctx_free = nullptr;
    decltype(&nft_ctx_buffer_output) ctx_buffer_output = nullptr;
    decltype(&nft_ctx_buffer_error) ctx_buffer_error = nullptr;
    decltype(&nft_ctx_output_set_flags) ctx_output_set_flags = nullptr;
    decltype(&nft_ctx_get_output_buffer) ctx_get_output_buffer = nullptr;
    decltype(&nft_ctx_get_error_buffer) ctx_get_error_buffer = nullptr;
    decltype(&nft_ctx_set_dry_run) ctx_set_dry_run = nullptr;
    decltype(&nft_run_cmd_from_buffer) run_cmd_from_buffer = nullptr;
    decltype(&nft_run_cmd_from_filename) run_cmd_from_filename = nullptr;

    // Loaded when first asked for: only the process that loads rulesets pays for it, the daemon
    // does not. The same for the whole life of the process; the error says what is missing.
    static const Result<NftLibrary>& get();
};

constexpr const char* kFile = "libnftables.so.1";

Result<NftLibrary> load() {
    // Stays open: libnftables keeps state that must not be unloaded under its contexts.
    void* library = ::dlopen(kFile, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return fail(concat("cannot load ", kFile, ": ", ::dlerror()));
    NftLibrary out;
    std::string missing;
    const auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::decay_t<decltype(function)>>(::dlsym(library, name));
        if (function == nullptr) missing = name;
    };
    find(out.ctx_new, "nft_ctx_new");
    find(out.ctx_free, "nft_ctx_free");
    find(out.ctx_buffer_output, "nft_ctx_buffer_output");
    find(out.ctx_buffer_error, "nft_ctx_buffer_error");
    find(out.ctx_output_set_flags, "nft_ctx_output_set_flags");
    find(out.ctx_get_output_buffer, "nft_ctx_get_output_buffer");
    find(out.ctx_get_error_buffer, "nft_ctx_get_error_buffer");
    find(out.ctx_set_dry_run, "nft_ctx_set_dry_run");
    find(out.run_cmd_from_buffer, "nft_run_cmd_from_buffer");
    find(out.run_cmd_from_filename, "nft_run_cmd_from_filename");
    if (!missing.empty()) return fail(concat(kFile, " has no ", missing));
    return out;
}

const Result<NftLibrary>& NftLibrary::get() {
    static const Result<NftLibrary> kLibrary = load();
    return kLibrary;
}

constexpr std::size_t kMaxQuote = 160;  // of the offending line, in a message for people

// "7" of "/proc/self/fd/5:7:3-9: ".
std::string_view line_number(std::string_view place) {
    const auto start = place.find(':');
    if (start == std::string_view::npos) return {};
    const std::string_view rest = place.substr(start + 1);
    const std::string_view number = rest.substr(0, rest.find(':'));
    return parse_number<unsigned>(number) ? number : std::string_view{};
}

// A text as a file that has no name: libnftables counts lines only in files.
class TextFile {
  public:
    explicit TextFile(std::string_view text) : fd_(::memfd_create("ruleset", MFD_CLOEXEC)) {
        while (fd_ >= 0 && !text.empty()) {
            const auto written = ::write(fd_, text.data(), text.size());
            if (written <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(written));
        }
        complete_ = fd_ >= 0;
    }
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;
    ~TextFile() {
        if (fd_ >= 0) ::close(fd_);
    }

    bool readable() const { return complete_ && ::access(path().c_str(), R_OK) == 0; }
    std::string path() const { return concat("/proc/self/fd/", fd_); }

  private:
    int fd_;
    bool complete_ = false;
};

// Only called where a context exists, so the library is there.
const NftLibrary& library() {
    return *NftLibrary::get();
}

int run_text(nft_ctx* context, const std::string& text) {
    if (text.find('\n') != std::string::npos) {
        const TextFile file(text);
        if (file.readable()) return library().run_cmd_from_filename(context, file.path().c_str());
    }
    return library().run_cmd_from_buffer(context, text.c_str());
}

}  // namespace

std::string nft_complaint(std::string_view printed) {
    constexpr std::string_view kMark = "Error: ";
    const auto lines = split(printed, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto at = lines[i].find(kMark);
        if (at == std::string_view::npos) continue;
        std::string out;
        const std::string_view number = line_number(lines[i].substr(0, at));
        if (!number.empty()) append(out, "line ", number, ": ");
        out += printable(trim(lines[i].substr(at + kMark.size())));
        if (i + 1 < lines.size() && !trim(lines[i + 1]).empty()) {
            append(out, ": ", printable(trim(lines[i + 1]).substr(0, kMaxQuote)));
        }
        return out;
    }
    const std::string_view all = trim(printed);
    return all.empty() ? "nftables gave no reason"
                       : printable(trim(all.substr(0, all.find('\n'))).substr(0, kMaxQuote));
}

void Nft::Close::operator()(nft_ctx* context) const {
    library().ctx_free(context);
}

Nft::Nft(std::unique_ptr<nft_ctx, Close> context) : context_(std::move(context)) {}

Result<Nft> Nft::open() {
    if (!NftLibrary::get()) return NftLibrary::get().failure();
    std::unique_ptr<nft_ctx, Close> context(library().ctx_new(NFT_CTX_DEFAULT));
    if (!context) return fail("cannot start libnftables");
    if (library().ctx_buffer_output(context.get()) != 0 ||
        library().ctx_buffer_error(context.get()) != 0) {
        return fail("cannot start libnftables: out of memory");
    }
    // Ports and protocols as numbers: what is listed does not depend on /etc/services.
    library().ctx_output_set_flags(context.get(), NFT_CTX_OUTPUT_NUMERIC_ALL);
    return Nft(std::move(context));
}

Status Nft::run(const std::string& text) {
    const int code = run_text(context_.get(), text);
    // Both buffers are emptied by reading them, also after success.
    const char* printed = library().ctx_get_error_buffer(context_.get());
    if (code == 0) return {};
    return fail(nft_complaint(printed == nullptr ? "" : printed));
}

Status Nft::apply(const std::string& text) {
    auto status = run(text);
    (void)library().ctx_get_output_buffer(context_.get());
    return status;
}

Status Nft::check(const std::string& text) {
    library().ctx_set_dry_run(context_.get(), true);
    auto status = apply(text);
    library().ctx_set_dry_run(context_.get(), false);
    return status;
}

Result<std::string> Nft::list(const std::string& command) {
    const auto status = run(command);
    const char* printed = library().ctx_get_output_buffer(context_.get());
    if (!status) return status.failure();
    return std::string(printed == nullptr ? "" : printed);
}

}  // namespace gatehouse::kernel
