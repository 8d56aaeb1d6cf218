// SPDX-License-Identifier: GPL-2.0-or-later
//
// Files as whole texts, for the shells of the rooms. What is replaced is there as a whole or as it
// was before, and a link in its place is replaced and never followed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::loop {

enum class Links : std::uint8_t { followed, refused };

// The first `most` bytes.
Result<std::string> read_file(const std::string& path, std::size_t most,
                              Links links = Links::followed);

// False, with errno, where not all of it was taken.
bool write_all(int fd, std::string_view text);

struct Replacing {
    unsigned mode = 0600;  // whatever the mask of the process is
    bool durable = false;  // survives a power cut from the return on
};
// The new file, open for more behind its end. The fresh one has a name that begins with a dot until
// it is whole: programs that read whole folders leave it out.
Result<Fd> replace_file(const std::string& path, std::string_view text, const Replacing& how = {});

}  // namespace gatehouse::loop
