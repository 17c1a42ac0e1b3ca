from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Op(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OP_UPSERT: _ClassVar[Op]
    OP_DELETE: _ClassVar[Op]

class Fate(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FATE_UNSPECIFIED: _ClassVar[Fate]
    FATE_DELIVERED: _ClassVar[Fate]
    FATE_REFUSED: _ClassVar[Fate]
    FATE_FAILED: _ClassVar[Fate]

class Level(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LEVEL_UNSPECIFIED: _ClassVar[Level]
    LEVEL_DEBUG: _ClassVar[Level]
    LEVEL_INFO: _ClassVar[Level]
    LEVEL_WARNING: _ClassVar[Level]
    LEVEL_ERROR: _ClassVar[Level]

class ErrorCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_CODE_UNSPECIFIED: _ClassVar[ErrorCode]
    ERROR_CODE_CONFIG: _ClassVar[ErrorCode]
    ERROR_CODE_UNREACHABLE: _ClassVar[ErrorCode]
    ERROR_CODE_UNKNOWN_OPERATION: _ClassVar[ErrorCode]
    ERROR_CODE_CANCELLED: _ClassVar[ErrorCode]
    ERROR_CODE_FAILED: _ClassVar[ErrorCode]
OP_UPSERT: Op
OP_DELETE: Op
FATE_UNSPECIFIED: Fate
FATE_DELIVERED: Fate
FATE_REFUSED: Fate
FATE_FAILED: Fate
LEVEL_UNSPECIFIED: Level
LEVEL_DEBUG: Level
LEVEL_INFO: Level
LEVEL_WARNING: Level
LEVEL_ERROR: Level
ERROR_CODE_UNSPECIFIED: ErrorCode
ERROR_CODE_CONFIG: ErrorCode
ERROR_CODE_UNREACHABLE: ErrorCode
ERROR_CODE_UNKNOWN_OPERATION: ErrorCode
ERROR_CODE_CANCELLED: ErrorCode
ERROR_CODE_FAILED: ErrorCode

class Plugin(_message.Message):
    __slots__ = ("id", "name", "description", "config", "version", "config_schema", "time_basis", "capabilities", "rows")
    class ConfigEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONFIG_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    TIME_BASIS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    description: str
    config: _containers.ScalarMap[str, str]
    version: str
    config_schema: str
    time_basis: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    rows: str
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., config: _Optional[_Mapping[str, str]] = ..., version: _Optional[str] = ..., config_schema: _Optional[str] = ..., time_basis: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., rows: _Optional[str] = ...) -> None: ...

class DataItem(_message.Message):
    __slots__ = ("plugin_id", "source_id", "timestamp", "content_type", "raw_data", "metadata", "timestamp_nanos", "op", "problem", "size")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    RAW_DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NANOS_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    source_id: str
    timestamp: int
    content_type: str
    raw_data: bytes
    metadata: _containers.ScalarMap[str, str]
    timestamp_nanos: int
    op: Op
    problem: str
    size: int
    def __init__(self, plugin_id: _Optional[str] = ..., source_id: _Optional[str] = ..., timestamp: _Optional[int] = ..., content_type: _Optional[str] = ..., raw_data: _Optional[bytes] = ..., metadata: _Optional[_Mapping[str, str]] = ..., timestamp_nanos: _Optional[int] = ..., op: _Optional[_Union[Op, str]] = ..., problem: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class ItemColumns(_message.Message):
    __slots__ = ("source_id", "raw_data", "timestamp", "timestamp_nanos", "content_type", "metadata")
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    RAW_DATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_NANOS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    source_id: _containers.RepeatedScalarFieldContainer[str]
    raw_data: _containers.RepeatedScalarFieldContainer[bytes]
    timestamp: _containers.RepeatedScalarFieldContainer[int]
    timestamp_nanos: _containers.RepeatedScalarFieldContainer[int]
    content_type: _containers.RepeatedScalarFieldContainer[str]
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataColumn]
    def __init__(self, source_id: _Optional[_Iterable[str]] = ..., raw_data: _Optional[_Iterable[bytes]] = ..., timestamp: _Optional[_Iterable[int]] = ..., timestamp_nanos: _Optional[_Iterable[int]] = ..., content_type: _Optional[_Iterable[str]] = ..., metadata: _Optional[_Iterable[_Union[MetadataColumn, _Mapping]]] = ...) -> None: ...

class MetadataColumn(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., value: _Optional[_Iterable[str]] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("item", "source_id", "offset", "data", "last", "abandon")
    ITEM_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    ABANDON_FIELD_NUMBER: _ClassVar[int]
    item: DataItem
    source_id: str
    offset: int
    data: bytes
    last: bool
    abandon: bool
    def __init__(self, item: _Optional[_Union[DataItem, _Mapping]] = ..., source_id: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., last: _Optional[bool] = ..., abandon: _Optional[bool] = ...) -> None: ...

class Delivery(_message.Message):
    __slots__ = ("id", "table", "row_id", "rows", "changes")
    ID_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ROW_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    id: str
    table: str
    row_id: _containers.RepeatedScalarFieldContainer[str]
    rows: bytes
    changes: bool
    def __init__(self, id: _Optional[str] = ..., table: _Optional[str] = ..., row_id: _Optional[_Iterable[str]] = ..., rows: _Optional[bytes] = ..., changes: _Optional[bool] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("delivery_id", "fate", "reason", "place", "attempts")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    FATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    fate: Fate
    reason: str
    place: str
    attempts: int
    def __init__(self, delivery_id: _Optional[str] = ..., fate: _Optional[_Union[Fate, str]] = ..., reason: _Optional[str] = ..., place: _Optional[str] = ..., attempts: _Optional[int] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("start", "end", "items")
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    start: int
    end: int
    items: int
    def __init__(self, start: _Optional[int] = ..., end: _Optional[int] = ..., items: _Optional[int] = ...) -> None: ...

class Log(_message.Message):
    __slots__ = ("level", "message")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    level: Level
    message: str
    def __init__(self, level: _Optional[_Union[Level, str]] = ..., message: _Optional[str] = ...) -> None: ...

class PluginRequest(_message.Message):
    __slots__ = ("plugin_id", "config", "operation", "request_id", "window", "state", "full", "granularity", "max_frame_bytes", "max_chunk_bytes", "delivery")
    class ConfigEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    FULL_FIELD_NUMBER: _ClassVar[int]
    GRANULARITY_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    config: _containers.ScalarMap[str, str]
    operation: str
    request_id: int
    window: Window
    state: bytes
    full: bool
    granularity: str
    max_frame_bytes: int
    max_chunk_bytes: int
    delivery: Delivery
    def __init__(self, plugin_id: _Optional[str] = ..., config: _Optional[_Mapping[str, str]] = ..., operation: _Optional[str] = ..., request_id: _Optional[int] = ..., window: _Optional[_Union[Window, _Mapping]] = ..., state: _Optional[bytes] = ..., full: _Optional[bool] = ..., granularity: _Optional[str] = ..., max_frame_bytes: _Optional[int] = ..., max_chunk_bytes: _Optional[int] = ..., delivery: _Optional[_Union[Delivery, _Mapping]] = ...) -> None: ...

class PluginResponse(_message.Message):
    __slots__ = ("plugin_id", "items", "error", "request_id", "done", "state", "error_code", "error_setting", "description", "windows", "complete", "logs", "chunk", "columns", "receipt")
    PLUGIN_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_SETTING_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    LOGS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    plugin_id: str
    items: _containers.RepeatedCompositeFieldContainer[DataItem]
    error: str
    request_id: int
    done: bool
    state: bytes
    error_code: ErrorCode
    error_setting: str
    description: Plugin
    windows: _containers.RepeatedCompositeFieldContainer[Window]
    complete: bool
    logs: _containers.RepeatedCompositeFieldContainer[Log]
    chunk: Chunk
    columns: ItemColumns
    receipt: Receipt
    def __init__(self, plugin_id: _Optional[str] = ..., items: _Optional[_Iterable[_Union[DataItem, _Mapping]]] = ..., error: _Optional[str] = ..., request_id: _Optional[int] = ..., done: _Optional[bool] = ..., state: _Optional[bytes] = ..., error_code: _Optional[_Union[ErrorCode, str]] = ..., error_setting: _Optional[str] = ..., description: _Optional[_Union[Plugin, _Mapping]] = ..., windows: _Optional[_Iterable[_Union[Window, _Mapping]]] = ..., complete: _Optional[bool] = ..., logs: _Optional[_Iterable[_Union[Log, _Mapping]]] = ..., chunk: _Optional[_Union[Chunk, _Mapping]] = ..., columns: _Optional[_Union[ItemColumns, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...
