# What every executable needs under ThreadSanitizer.
add_link_options(-Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/hidden.map)
add_library(tsan_threads OBJECT ${CMAKE_CURRENT_LIST_DIR}/threads.cpp)
link_libraries(tsan_threads)
