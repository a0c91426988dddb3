/** What is no id, and would be more than a name in a shell, an XML document or a path. */
export const badIds: readonly string[] = ["", "-a", "A", "a b", "../a", "a'b", "<a/>", "a\nb", "a".repeat(65)]
