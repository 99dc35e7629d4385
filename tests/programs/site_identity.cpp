// Sites that a plan may name, to be built in several ways: by other optimisation, with lines inserted (site_identity.sh does that).
#include "ramlens.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace app {

class Store {
  public:
    void add(int key) {
        mByKey[key] = std::string(40 + static_cast<size_t>(key), 'x');
        mQueue.push_back(key);
        mSizes.emplace(key, std::vector<int>(8));
    }
    char *copy(const char *text) {
        char *result = static_cast<char *>(std::malloc(std::strlen(text) + 1));
        return std::strcpy(result, text);
    }

  private:
    std::map<int, std::string> mByKey;
    std::deque<int> mQueue;
    std::unordered_map<int, std::vector<int>> mSizes;
};

class Worker {
  public:
    Worker() : mStore(std::make_shared<Store>()), mBuffer(1000) {}
    void run(int n) {
        // INSERT-3
        for (int i = 0; i < n; i++)
            mStore->add(i);
        mLate = [keep = std::string(100, 'y'), more = std::string(50, 'z'), this] {
            mBuffer[0] = keep[0] + more[0];
        };
        mCopy = mStore->copy("a text of some length");
        // INSERT-4
        mOther = std::make_unique<long[]>(33);
    }
    ~Worker() {
        std::free(mCopy);
    }

  private:
    std::shared_ptr<Store> mStore;
    std::vector<char> mBuffer;
    std::function<void()> mLate;
    std::unique_ptr<long[]> mOther;
    char *mCopy = nullptr;
};

// INSERT-5
static char *twice(size_t size) {
    char *first = static_cast<char *>(std::malloc(size));
    char *second = static_cast<char *>(std::malloc(size * 2));
    first[0] = second[0] = 1;
    std::free(first);
    return second;
}

} // namespace app

int main() {
    app::Worker worker;
    worker.run(100);
    char *block = app::twice(300);
    ramlens_checkpoint("full", 0);
    block[1] = 0;
    std::free(block);
    return 0;
}
