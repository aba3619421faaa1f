# A room is a folder, a static library and a namespace; what it links is what it may know.
# See the table in README.md, held by tests/layering.
set(FEALTY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

# Across rooms a tenth of the time of an event is saved. The objects can be linked either way: the many
# tests are, quickly, without; fealty_optimised(target) links with it.
if(FEALTY_LTO AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # At -O3 each GCC has false alarms of its own from these (12: its bug 105651, and in fmt); the other presets
  # have them on.
  set(FEALTY_LTO_OBJECTS -O3 -flto=auto -ffat-lto-objects -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds
      -Wno-error=maybe-uninitialized)
  add_link_options(-fno-lto)
endif()
# Sources that name something as another one of their room does.
set(FEALTY_ALONE kafka/topics.cpp config/program_earn.cpp serve/session.cpp)
function(fealty_optimised target)
  if(FEALTY_LTO_OBJECTS)
    target_compile_options(${target} PRIVATE ${FEALTY_LTO_OBJECTS})
    target_link_options(${target} PRIVATE -flto=auto)
  endif()
endfunction()

# How the sources of target fealty_<name> are compiled.
function(fealty_compiled_as name)
  target_compile_options(fealty_${name} PRIVATE ${FEALTY_WARNINGS} ${FEALTY_LTO_OBJECTS})
  if(FEALTY_UNITY)
    set_target_properties(fealty_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    # Of one source by another; and where more is inlined, GCC 12 has more false alarms under sanitizers.
    target_compile_options(fealty_${name} PRIVATE -Wno-shadow -Wno-subobject-linkage -Wno-maybe-uninitialized)
    foreach(source IN LISTS FEALTY_ALONE)
      set_source_files_properties(${PROJECT_SOURCE_DIR}/src/${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endforeach()
  endif()
  if(name IN_LIST FEALTY_UNOPTIMISED_ROOMS)
    target_compile_options(fealty_${name} PRIVATE -O0)
  endif()
endfunction()

# fealty_room(name [LINKS targets that appear in its headers] [HIDES targets that do not] [DIR folder])
# Sources: every .cpp of the folder. Headers: include/fealty/<name>/, or <folder>/include/fealty/<name>/.
function(fealty_room name)
  cmake_parse_arguments(ROOM "" "DIR" "LINKS;HIDES" ${ARGN})
  if(NOT ROOM_DIR)
    set(ROOM_DIR ${PROJECT_SOURCE_DIR}/src/${name})
    set(include_dir ${PROJECT_SOURCE_DIR}/include)
  else()
    set(include_dir ${ROOM_DIR}/include)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${ROOM_DIR}/*.cpp ${ROOM_DIR}/src/*.cpp)
  file(GLOB headers CONFIGURE_DEPENDS ${include_dir}/fealty/${name}/*.hpp)
  if(NOT sources)  # A room of headers only still is a library.
    set(sources ${PROJECT_BINARY_DIR}/${name}_empty.cpp)
    file(WRITE ${sources} "")
  endif()
  add_library(fealty_${name} STATIC ${sources} ${headers})
  set_target_properties(fealty_${name} PROPERTIES LINKER_LANGUAGE CXX)
  add_library(fealty::${name} ALIAS fealty_${name})
  target_sources(fealty_${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${include_dir} FILES ${headers})
  target_include_directories(fealty_${name} PUBLIC ${include_dir} PRIVATE ${ROOM_DIR})
  fealty_compiled_as(${name})
  target_link_libraries(fealty_${name} PUBLIC ${ROOM_LINKS} PRIVATE ${ROOM_HIDES})
endfunction()
