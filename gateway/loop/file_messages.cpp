// SPDX-License-Identifier: GPL-2.0-or-later
#include "gateway/loop/file_messages.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gatehouse::loop {

namespace {

struct Header {
    FileId id;
    std::uint32_t path_size;
    std::uint32_t text_size;
    std::uint16_t mode;
    FileMessage::Kind kind;
    bool durable;
};

constexpr std::size_t kMuchRoom = std::size_t{64} << 10U;  // that is not kept for the next

}  // namespace

std::string write_message(const FileMessage& message) {
    const Header header{message.id,
                        static_cast<std::uint32_t>(message.path.size()),
                        static_cast<std::uint32_t>(message.text.size()),
                        static_cast<std::uint16_t>(message.how.mode),
                        message.kind,
                        message.how.durable};
    std::string out(sizeof header, '\0');
    out.reserve(sizeof header + message.path.size() + message.text.size());
    std::memcpy(out.data(), &header, sizeof header);
    out += message.path;
    out += message.text;
    return out;
}

ssize_t FileMessages::read(int fd, int flags) {
    bytes_.erase(0, used_);
    used_ = 0;
    if (bytes_.empty() && bytes_.capacity() > kMuchRoom) bytes_.shrink_to_fit();
    std::array<char, 16384> piece;  // NOLINT: written before it is read
    ssize_t got = 0;
    do {
        got = ::recv(fd, piece.data(), piece.size(), flags);
    } while (got < 0 && errno == EINTR);
    if (got > 0) bytes_.append(piece.data(), static_cast<std::size_t>(got));
    return got;
}

std::optional<FileMessage> FileMessages::next() {
    const std::string_view rest = std::string_view(bytes_).substr(used_);
    Header header{};
    if (rest.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, rest.data(), sizeof header);
    const std::size_t size = sizeof header + header.path_size + header.text_size;
    if (rest.size() < size) return std::nullopt;
    used_ += size;
    FileMessage out;
    out.kind = header.kind;
    out.id = header.id;
    out.how = {header.mode, header.durable};
    out.path = rest.substr(sizeof header, header.path_size);
    out.text = rest.substr(sizeof header + header.path_size, header.text_size);
    return out;
}

}  // namespace gatehouse::loop
