// SPDX-License-Identifier: GPL-2.0-or-later
//
// One daemon for each network namespace, because there is one `table inet gatehouse` in it. The
// lock is a name in the namespace itself (an abstract unix socket), so it goes with the process
// however that ends, and needs no file.
#pragma once

#include "gateway/base/result.h"
#include "gateway/loop/loop.h"

namespace gatehouse::daemon {

// Holds the lock while open; the error names the process that has it.
Result<loop::Fd> take_lock();

// Lets go of those who came to see who has the lock; for the loop, when the lock is readable.
void answer_lock(int lock);

// One daemon writes to a folder: waits until a former one, or what it left to write, is done.
Result<loop::Fd> take_folder(const std::string& path, Duration patience);

}  // namespace gatehouse::daemon
