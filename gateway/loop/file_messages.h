// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the daemon and the process that writes its files say to each other, through a socket that
// both ends have from one program.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/loop/file_work.h"

namespace gatehouse::loop {

struct FileMessage {
    enum class Kind : std::uint8_t {
        replace,   // with path and text
        append,    // with text
        forget,    // the file will not be written again
        replaced,  // the answer to the first
        failed,    // with the reason as text; the answer to either, or of the disk
    };
    Kind kind = Kind::failed;
    FileId id = 0;
    Replacing how;
    std::string_view path;
    std::string_view text;
};

std::string write_message(const FileMessage& message);

// Makes messages of what comes through the socket.
class FileMessages {
  public:
    // What is there now. How much that was: 0 at the end, less than that for an error (errno).
    ssize_t read(int fd, int flags);
    // The next one that is whole; good until the next read().
    std::optional<FileMessage> next();

  private:
    std::string bytes_;
    std::size_t used_ = 0;
};

}  // namespace gatehouse::loop
